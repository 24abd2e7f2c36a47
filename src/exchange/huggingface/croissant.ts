import type { DatasetMeta } from "./card.ts";
import type { Table } from "./tables.ts";

/** A written file as Croissant names it. */
export interface Written {
  path: string;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** Croissant 1.0 metadata (mlcommons.org/croissant/1.0) with the responsible-AI fields (…/RAI/1.0), as a JSON value. */
export function croissant(tables: readonly { table: Table; file: Written }[], meta: DatasetMeta): object {
  const ours = meta.models.length > 0;
  const simulated = meta.models.some(({ provider }) => provider === "offline");
  return {
    "@context": CONTEXT,
    "@type": "sc:Dataset",
    conformsTo: ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
    name: meta.name,
    description: "Invented people, their private documents at several noise levels, and questions with gold answers and evidence.",
    license: meta.license,
    version: meta.version,
    ...(meta.url === undefined ? {} : { url: meta.url }),
    ...(meta.published === undefined ? {} : { datePublished: meta.published }),
    ...(meta.creator === undefined ? {} : { creator: { "@type": "sc:Organization", name: meta.creator } }),
    inLanguage: "en",
    keywords: ["synthetic", "personas", "personalization", "retrieval", "question answering"],
    "rai:dataCollection": !ours
      ? "Converted from a release in the PersonaBench layout; its documentation tells how it was made."
      : "Generated. Personas are drawn from weighted lists, linked into communities, completed to profiles, and disclosed one attribute at a time in invented sessions.",
    "rai:dataCollectionType": ["Synthetic data generation"],
    ...(ours
      ? {
          "rai:dataCollectionRawData": "Hand-written lists of names, trades, traits and templates; no data of real people.",
          "rai:dataAnnotationProtocol": "Gold answers are attribute values of the profiles; evidence is the session a value was written into, recorded when it was written.",
          "rai:dataAnnotationPlatform": "None; labels are by construction.",
          "rai:dataPreprocessingProtocol": "Sessions are checked against a schema; noise sessions disclose no attribute of their participants.",
        }
      : {}),
    "rai:machineAnnotationTools": meta.models.map(({ role, provider, model }) => `${role}: ${provider} ${model}`),
    "rai:dataUseCases": "Testing retrieval and question answering over one person's documents. Not for profiling people, and not evidence of how real people write.",
    "rai:dataLimitations": `English only; short sessions; closed lists of values.${simulated ? " The texts were written by a deterministic stand-in, not by a language model." : ""}`,
    "rai:dataBiases": "Names, trades, relations and tastes follow the lists they are drawn from, and the language model where one wrote the text.",
    "rai:personalSensitiveInformation": "None of real people. Invented people have age, gender, work, health-related habits and relations.",
    "rai:dataSocialImpact": "Lets personal assistants be tested without reading anybody's private documents.",
    "rai:dataReleaseMaintenancePlan": "Rebuilt from its pipeline; a version is named by the hash of its build.",
    distribution: tables.map(({ file }) => ({
      "@type": "cr:FileObject", "@id": file.path, name: file.path, contentUrl: file.path, contentSize: `${file.bytes} B`, encodingFormat: "application/x-parquet", sha256: file.sha256,
    })),
    recordSet: tables.map(({ table, file }) => ({
      "@type": "cr:RecordSet",
      "@id": `${table.config}/${table.split}`,
      name: `${table.config}/${table.split}`,
      description: `${table.rows.length} rows of ${table.config}.`,
      field: table.columns.map(({ name, kind, description }) => ({
        "@type": "cr:Field",
        "@id": `${table.config}/${table.split}/${name}`,
        name,
        description,
        dataType: kind === "INT32" ? "sc:Integer" : "sc:Text",
        source: { fileObject: { "@id": file.path }, extract: { column: name } },
      })),
    })),
  };
}

/** The JSON-LD context the standard prescribes, with the RAI vocabulary. */
const CONTEXT = {
  "@language": "en",
  "@vocab": "https://schema.org/",
  citeAs: "cr:citeAs",
  column: "cr:column",
  conformsTo: "dct:conformsTo",
  cr: "http://mlcommons.org/croissant/",
  data: { "@id": "cr:data", "@type": "@json" },
  dataType: { "@id": "cr:dataType", "@type": "@vocab" },
  dct: "http://purl.org/dc/terms/",
  extract: "cr:extract",
  field: "cr:field",
  fileObject: "cr:fileObject",
  fileProperty: "cr:fileProperty",
  fileSet: "cr:fileSet",
  format: "cr:format",
  includes: "cr:includes",
  isLiveDataset: "cr:isLiveDataset",
  jsonPath: "cr:jsonPath",
  key: "cr:key",
  md5: "cr:md5",
  parentField: "cr:parentField",
  path: "cr:path",
  rai: "http://mlcommons.org/croissant/RAI/",
  recordSet: "cr:recordSet",
  references: "cr:references",
  regex: "cr:regex",
  repeated: "cr:repeated",
  replace: "cr:replace",
  sc: "https://schema.org/",
  separator: "cr:separator",
  source: "cr:source",
  subField: "cr:subField",
  transform: "cr:transform",
};
