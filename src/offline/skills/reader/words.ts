/** Words too common to be a name or a thing one asks for. What is left of a sentence without them is what it is about. */
const COMMON = `
a about above across after afterwards again against ago all almost alone along already also although always am among an and another any anybody anyone anything anyway anywhere apart are around as aside asked asks at away
back be because become been before began begin behind being believe below beside besides best better between beyond both bring brought but buy by bye
call called came can cannot care carry certainly come comes coming could count counts course day days did different do does doing done down drop during each early either else empty end enough even evening evenings ever every everybody everyone everything everywhere exactly except
far fast feel feels felt few find finds first five follow for forget forgot form forty found four free friday from front full fun further gave get gets getting give given gives glad go goes going gone good got great guess had half hand hands hang happen happened happens happy hard hardly has have having he heard hello help her here hers herself hey hi him himself his hold holding home honest honestly hope hour hours house how however
i if in indeed inside instead into is it its itself just keep keeps kept kind knew know knows known last late lately later least leave left less let like liked likes line list little live lives long longer look looked looking looks lost lot love loved lovely loves
made make makes making many matter may maybe me mean means meant mention met might mind mine minute minutes mm moment monday money month months more morning most mostly mouth move much must my myself
name named names near nearly need needs never new next nice night nights nine no nobody none noon nor not note nothing notice noticed now number of off often oh ok okay old on once one ones only onto open or order other others otherwise our out outside over own
page paid part people perfect perhaps person phone picture pictures place plan plans please point proper put quick quiet quite rather reach read ready real really refuse regret remember rest right room round row run
said same sat saturday save saw say saying says second see seem seems seen send sent set seven several shall she should show sign simply since sit six sleep small so some somebody somebody's someone something sometimes somewhere soon sorry sort sound sounds speak spent stand start started starts stay stayed stays still stood stop stopped stops street such sunday suppose sure swear
take taken takes talk talked tell ten than thank thanks that the their theirs them themselves then there these they thing things think thinks third this those though thought three through thursday till time times tired to today together told tomorrow too took top towards town tried true try trying tuesday turn turned two
under until up upon us use used usual usually very voice wait waited walk walked wall want wanted wants was watch watched way we wear wednesday week weekend weeks well went were what whatever when whenever where whether which while who whoever whole whom whose why will window wish with within without won wonder word words work works world worth would write wrong wrote
year years yes yesterday yet you your yours yourself
absolutely amazing actually bit catch check chance definitely enjoy enjoyed enjoying especially exciting fan fantastic favorite favourite fascinating hear interested interesting recently sounds super totally wonderful working
bag bell bench bill book books bottom box boxes bus cake card case chair chairs clothes coat copy corner counter cup cupboard desk dinner door floor fridge garage glass gloves hall hallway head jacket key keys kitchen lamp landlord letter lift lunch machine manager mother neighbours news office pan paper papers parcel pen plate post poster price queue queued rain roof scene screen seat shelf shelves shirt shoes shop sink song station stairs station stranger table tea ticket tickets tin tram train train trip tune umbrella voucher wardrobe wife zip
ask busy clean cold cried drove dry finish finished fit fix fixed forgive heavy hidden hide hot humming laugh laughed learned missed missing opened packed painted passed pay pays played playing plays practise proof pushed rang refused sing smile spoke stuck sure switch switched taught teach washing wet whoever win won
aunt uncle boss brother cousin doctor driver father husband man men niece sister teacher waiter woman women
single simple slow special strange terrible tiny whole worse worst
`;
const COMMON_WORDS = new Set(COMMON.trim().split(/\s+/));

/** Small words that may stand inside a name or a phrase, never at its ends. */
export const LINKS = new Set(["of", "the", "and", "&", "in", "with", "de", "la", "le", "von", "van", "by", "a", "an", "for", "at", "on", "to", "from", "above", "over", "over"]);

export function isCommon(word: string): boolean {
  const lower = word.toLowerCase().replace(/['’]s$/, "");
  return COMMON_WORDS.has(lower) || LINKS.has(lower) || /^\W*$/.test(lower);
}

/** Names of days and months, which answer no question but one about dates. */
export const CALENDAR = /^(mon|tues|wednes|thurs|fri|satur|sun)days?$|^(january|february|march|april|may|june|july|august|september|october|november|december)$/i;
