/** seeds/places.json. */
export interface Places {
  countries: Country[];
  neighborhoods: string[];
}

export interface Country {
  name: string;
  nationality: string;
  languages: string[];
  cities: string[];
}

/** seeds/work.json. */
export interface Work {
  sectors: Record<string, { employers: string[]; workplaces: string[] }>;
  names: string[];
  schools: Record<string, { degree: string; types: string[]; patterns: string[] }>;
  previous_occupations: string[];
  appearance: Record<string, string[]>;
  pets: { kinds: { value: string; weight: number }[]; names: string[] };
}
