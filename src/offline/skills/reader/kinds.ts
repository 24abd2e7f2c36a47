import type { Shape } from "./spans.ts";

/**
 * A kind of thing that is asked for. What a reader knows of it comes with the language, not with the people: which words ask for it, which surround it in
 * everyday talk (that of our own sessions among it), and some members.
 */
export interface Kind {
  asks: RegExp;
  /** Words that stand near such a thing. */
  near: RegExp;
  /** Members, or parts of their names. */
  member?: RegExp;
  /** Forms it takes, best first. */
  shapes: readonly Shape[];
  /** Several are asked for. */
  many?: true;
}

const KIN = "(?:grand)?(?:mother|father|son|daughter)(?:-in-law)?|brother(?:-in-law)?|sister(?:-in-law)?|husband|wife|spouse|partner|cousin|aunt|uncle|niece|nephew|friend|colleague|neighbou?r|client|service provider|boss|manager|mentor|mentee|teacher|student|roommate|flatmate|landlord|tenant|doctor|patient|coach|acquaintance|parent|child|sibling|employer|employee|classmate|godmother|godfather";

/** Words for what one person is to another. */
export const ROLE = new RegExp(`\\b(?:${KIN})\\b`, "i");

const WORK_AS = /\b(shift|work|job|profession|advice|career|become|colleague|earn|trade|train|stranger|parties|niece|phone)/i;
const GENRE = /\b(comedy|comedies|drama|thriller|western|horror|documentar\w*|noir|romance|mystery|mysteries|fantasy|science fiction|sci-fi|action|adventure|animation|musical|slapstick|epic|biograph\w*|historical|history|novels?|sagas?|memoirs?|poetry|essays|graphic|travel|nature writing|fiction|crime|satire|fable\w*)\b/i;

/** Tried in order; the first that asks is meant. */
export const KINDS: readonly Kind[] = [
  { asks: /siblings|brothers and sisters/i, near: /brother|sister|sibling|children|family tree|chairs|brood/i, shapes: ["number"] },
  { asks: /\bhow old|years old|\bage\b|birthdays have|age did/i, near: /candles|turn(ed|ing)|years|birthday|form|winters|\bat \d/i, shapes: ["number"] },
  { asks: /birthday|getting a year older/i, near: /cake|party|birthday|free|present|card|calendar/i, shapes: ["date"] },
  { asks: /\bgender\b/i, near: /tick|box|form|record|registration|sheet|wristband/i, member: /\b(fe)?male\b|\bwom[ae]n\b|\bm[ae]n\b|non-?binary|agender|genderqueer/i, shapes: ["title", "phrase", "name"] },
  { asks: /nationality|citizen|nation (do|am|is)|which nation|country of origin/i, near: /passport|border|consulate|anthem|papers|embassy|citizen/i, member: /\b\p{Lu}\w+(an|ese|ish|ch|i|ic|iot)\b|\bGreek\b|\bDane\b/u, shapes: ["name"] },
  { asks: /countr\w+.*(birth|born)|(birth|born).*countr|birthplace country/i, near: /born|certificate|baby|arriv|translat|parents|first (stamp|papers)|family album/i, shapes: ["name"] },
  { asks: /(city|town).*(birth|born|life beg|come into)|(birth|born|life beg).*(city|town)|where was i born/i, near: /hospital|midwife|born|weeks old|registry|certificate|childhood|first (photograph|papers)|came into the world|vaccination/i, shapes: ["name"] },
  { asks: /countr/i, near: /tax|household|register|customs|insurance|vote|refund|live|permit/i, shapes: ["name"] },
  { asks: /part of town|quarter|neighbou?rhood|district/i, near: /corner shop|street|pipes|trench|balcon|rubbish|cats?\b|bakery|windows/i, shapes: ["name"] },
  { asks: /\bcity\b|\btown\b|postal address|where do i live/i, near: /rent|council|landlord|bakeries|street lamps|flat|tram|roofs|removal|live/i, shapes: ["name"] },
  { asks: /sort of home|the building|kind of home|dwelling/i, near: /heat|insurance|delivery|leak|roof|squeeze|address|kettles|live/i, member: /\b(flat|house|barn|boat|loft|cabin|bungalow|studio|apartment|cottage|tower|attic|mill|trailer|farm|townhouse|villa)\w*/i, shapes: ["phrase", "name"] },
  { asks: /type of (institution|school|educ)|classify the school|some other sort of school|another sort of school|kind of educational/i, near: /school|training|course|corridor|queue|microscope|taught/i, member: /\b(university|college|academy|institute|polytechnic|conservator\w+|vocational|apprentice\w*|school|seminary)\b/i, shapes: ["phrase", "name"] },
  { asks: /alma mater|school i stud|go to school|university|at what institution|what college/i, near: /alumni|reunion|library card|room-?mate|scarf|student card|lectures|chemistry teacher|envelope|graduat/i, member: /\b(University|College|Institute|School|Academy|Polytechnic|Conservatory|Conservatoire)\b/, shapes: ["name"] },
  { asks: /how far along|done with my studies|schooling status|graduated or|level of education at present|educational status/i, near: /student|discount|alumni|listed|enrol/i, member: /\b(graduated?|enrolled|on leave|dropped out|completed|studying|current|finished)\b/i, shapes: ["title", "phrase"] },
  { asks: /qualification|degree (i|have)|highest degree|award/i, near: /frame|hang|certified|copy|hat|ceremony|latin|working nights|finished/i, member: /\b(bachelor|master|doctor|ph\.?d|diploma|certificate|degree|associate|licen[cs]e|a-levels|apprenticeship|b\.?a|m\.?sc|mba)\w*\b/i, shapes: ["name", "phrase"] },
  { asks: /\bmajor\b|discipline|subject (filled|was)|did i study|field of study|primary focus/i, near: /textbook|lecture|exam|thesis|notes|professor|years of/i, member: /\b\w+(ology|nomics|graphy|istry|ics|ing|ure|aw|sophy|story|icine|science)\b/i, shapes: ["name", "phrase"] },
  { asks: /before the present|did .* (do )?for work previously|previous|professionally engaged in earlier|job did .* before|leave behind|formerly/i, near: /used to|back in|back when|days as|before all|years as|when i was|payslip|still have the shoes/i, shapes: ["phrase", "name"] },
  { asks: /for a living if|ideal (one|job)|dream job|given any choice/i, near: /lottery|child|money were|one day|business cards|drawer|brochures|at heart/i, shapes: ["phrase", "name"] },
  { asks: /employment (situation|status)|currently employed|professional standing/i, near: /drop-down|bank|insurance|tick|mortgage|box|discount|put down/i, member: /\b(self-|un)?employed\b|freelanc\w+|retired|full-?time|part-?time|student|on leave|between jobs|apprentice\w*/i, shapes: ["title", "phrase"] },
  { asks: /employer|payroll|pays (my|his|her|their|\w+'s)? ?wages|organi[sz]ation (am|pays)|where am i currently employed|pays/i, near: /badge|canteen|payday|pass\b|porter|desks|staff|christmas party|wages|pin/i, shapes: ["name"] },
  { asks: /work site|sort of place do|sort of place does|address of my work|location of my work|workplace|place of work/i, near: /umbrella|lift|desk|badge|weekday|before six|sandwich|bus/i, shapes: ["phrase", "name"] },
  { asks: /occupation|for a living|earn (my|money|his|her|their)|trade or profession|kind of work|do for work|profession/i, near: WORK_AS, member: /\b\w+(er|or|ist|ian|ant|man|woman|ess|eer|smith|wright|nurse|clerk|chef|cook|judge|pilot|guard|guide)\b/, shapes: ["phrase", "name"] },
  { asks: /look like|physical features|recogni[sz]e|appearance/i, near: /passport|height|hair|eye|costume|sketch|station/i, member: /\b(hair|eyes?|height|beard|freckle\w*|glasses|tall|short|build|\d'\d+|cm|blond|brown|blue|green|grey|black|curly)\b/i, shapes: ["title", "phrase", "number", "name"], many: true },
  { asks: /\bpets?\b|animals share|animals do i keep|animals as companions/i, near: /vet|bowl|armchair|carrier|cable|keyboard|name tag|heavy/i, member: /\b(cat|dog|parrot|rabbit|hamster|tortoise|budgie|gecko|ferret|guinea pig|canary|goldfish|snake|lizard|pony|hen|parakeet|terrier|greyhound|turtle|rat|mouse)s?\b/i, shapes: ["name", "phrase"], many: true },
  { asks: /get around|means of transport|vehicle|cars?\b|mode of transport/i, near: /inspection|parking|mud|polish|wash|start|mechanic|insurance|ticket|drive/i, member: /\b(bi(ke|cycle)|car|van|scooter|pickup|hatchback|estate|mini\w*|motorbike|tram|wheeler|moped|truck|coupe|sedan|wagon|cargo)\b/i, shapes: ["name", "phrase"], many: true },
  { asks: /\bdiet|eating (follow|habits)|rules does/i, near: /label|lunch box|caterer|waiter|cook|hostess|exceptions/i, member: /\b(vegan|vegetarian|gluten|lactose|halal|kosher|low-\w+|sugar|salt|meat|fish|organic|paleo|keto|fasting|dairy)\w*\b/i, shapes: ["title", "phrase"] },
  { asks: /allerg|react badly/i, near: /eyes|swollen|pharmacist|plate back|careful|ambulance|clinic|wristband|sneez/i, shapes: ["phrase", "name"] },
  { asks: /languages?\b/i, near: /switched|swear|radio play|subtitles|tourist|speak|spoke|voicemail|counting/i, member: /\b\p{Lu}\w+(ish|ese|ian|ic|an|ch|i|in)\b|\bDutch\b|\bGreek\b|\bHindi\b|\bUrdu\b|\bSwahili\b/u, shapes: ["name"], many: true },
  { asks: /sweet treat|pudding|dessert/i, near: /bread|office|witness|trousers|foil|tray|bin|sweet/i, member: /\b(cake|pie|tart|pudding|cream|chocolate|dumplings?|baklava|churros|meringue|waffles?|gelato|ice|mochi|strudel|brownies?|biscuits?|cr[eè]me|caramel|sorbet|fudge|crumble|rice)\b/i, shapes: ["phrase"], many: true },
  { asks: /\bdish|food|meals?\b|love to eat|cuisine|plate\b/i, near: /rain|fridge|evening goes|pot|spoon|across town|plate|meeting|cook|eat/i, member: /\b(risotto|tagine|pierogi|gnocchi|rice|stew|soup|curry|tacos?|noodles?|pasta|lasagne|burger|pizza|sushi|pie|dumplings?|salad|roast|beef|lamb|chicken|fish|ramen|goulash|paella|moussaka|pancakes?|kebab)\w*\b/i, shapes: ["phrase"], many: true },
  { asks: /\bdrinks?\b|glass or cup|beverage/i, near: /waiter|evening|thermos|sip|slippers|spilled|bring/i, member: /\b(tea|coffee|cordial|cider|beer|wine|juice|lemonade|kombucha|latte|espresso|white|milk|buttermilk|sour|tonic|water|cocoa|chai|mate|soda|whisky|gin|ale)\b/i, shapes: ["phrase"], many: true },
  { asks: /colou?rs?\b|hues?\b/i, near: /hallway|grey was|toothbrush|scarf|painted|cupboard|stapler|wear/i, member: /\b(blue|red|green|yellow|pink|orange|purple|brown|black|white|grey|gray|navy|plum|coral|charcoal|turquoise|ivory|lavender|olive|teal|burgundy|crimson|mint|beige|ochre|violet|indigo|silver|gold|copper|peach|mustard|terracotta)\b/i, shapes: ["phrase"], many: true },
  { asks: /part of the year|season\b|time of year/i, near: /calendar|all year|plan|weeks until|days off|awake|light/i, member: /\b(spring|summer|autumn|fall|winter|snow|rainy|wet|dry|monsoon|harvest|season|weeks)\b/i, shapes: ["phrase", "name"] },
  { asks: /kinds? of music|musical styles|music genre/i, near: /neighbours|headphones|bar\b|breakfast|car window|bass|playlist/i, member: /\b(jazz|rock|pop|blues|folk|metal|hip.?hop|techno|house|reggae|soul|funk|punk|brass|baroque|classical|opera|country|bluegrass|ambient|disco|swing|chant|chamber|samba|bossa nova|fado|tango|flamenco|choral|afrobeat|shoegaze|ska|dub)\b/i, shapes: ["phrase", "name"], many: true },
  { asks: /instruments?\b/i, near: /practise|second-hand|song|neighbours|tram|workshop|wardrobe|parts|stand for|care kit/i, member: /\b(piano|violin|cello|flute|guitar|harp|banjo|oud|marimba|bassoon|pan|theremin|kora|viola|accordion|sitar|clarinet|drums?|trumpet|saxophone|organ|bass|horn|harmonica|ukulele|mandolin|lute|oboe|trombone|tuba|hurdy-gurdy|nyckelharpa|bagpipes?|xylophone|zither|dulcimer|balalaika|koto|shakuhachi|bouzouki|didgeridoo|harpsichord|celesta|vibraphone|fiddle|concertina)\b/i, shapes: ["phrase"], many: true },
  { asks: /bands?\b|musicians?\b|performers|concerts would/i, near: /tickets|row|poster|record|humming|repeat|rain|concert|recordings|tour/i, shapes: ["name", "title"], many: true },
  { asks: /(sorts?|types?|kinds?|genres?|categories) of (films?|movies?)|film genres|movie (genres|categories)/i, near: /row|blanket|watch|remote|pictures|streaming|poster|seat/i, member: GENRE, shapes: ["phrase"], many: true },
  { asks: /\bfilms?\b|\bmovies?\b/i, near: /screen|line|scene|poster|depot|cried|watch|disc/i, shapes: ["title", "name"], many: true },
  { asks: /sorts? of books|literary genres|book categories|kinds? of books/i, near: /librarian|bedside|bookshop|suitcase|shelf|train|brick/i, member: GENRE, shapes: ["phrase", "name"], many: true },
  { asks: /whose books|authors?\b|writers?\b|novelists|poets/i, near: /signature|pre-ordered|overrated|title page|first edition|shelf|chapters/i, shapes: ["name"], many: true },
  { asks: /\bbooks?\b|titles would/i, near: /copy|cover|chapter|stop|borrowed|spine|torch|read|edition/i, shapes: ["title", "name"], many: true },
  { asks: /series\b|television|\btv\b/i, near: /thursdays|finale|three|quiz team|episode|dreamt|ring me/i, shapes: ["title", "name"], many: true },
  { asks: /podcasts?|spoken-word|media/i, near: /washing-up|episode|voice message|trivia|host|sticker|ears/i, shapes: ["title", "name"], many: true },
  { asks: /creatures|animals?\b/i, near: /zoo|mug|socks|cheque|protect|postcards|enclosure|programme|picture of|calendar/i, member: /\b(panda|owl|otter|axolotl|hedgehog|leopard|kingfisher|ray|pangolin|alpaca|beetle|whale|fox|cat|dog|lynx|bear|wolf|seal|puffin|penguin|elephant|giraffe|rhino|lemur|sloth|octopus|dolphin|heron|badger|hare|bat|gecko|tortoise|newt|toad|dragonfly|capybara|okapi|ibex|stork|crane|raven|magpie|squirrel|deer|moth)s?\b/i, shapes: ["phrase"], many: true },
  { asks: /travel|regions|destination/i, near: /suitcase|savings|airport|guesthouse|sand|landlady|screen|map|guide/i, shapes: ["name", "phrase"], many: true },
  { asks: /spots|places?\b|spend an afternoon/i, near: /phone|disappear|lunch|vanish|bench|hour|quarrel/i, shapes: ["phrase", "name"], many: true },
  { asks: /\bsports?\b/i, near: /stairs|bag|second to last|shoulder|sore|out of breath|finger|training|kit/i, member: /\b\w+(ball|ing|boarding|jump|polo)\b|tennis|yoga|golf|judo|squash|rugby|hockey|soccer|archery|karate|cricket|curling|parkour|badminton/i, shapes: ["phrase"], many: true },
  { asks: /\bgames?\b/i, near: /rounds|shelf|extension|alarm|rematch|rules|wedding|scoring|set/i, shapes: ["name", "phrase"], many: true },
  { asks: /collect|pile up/i, near: /cabinet|outbid|museum|loft|flea market|display|miles|bursting|price guide/i, shapes: ["phrase"], many: true },
  { asks: /clubs?\b|associations?|a member/i, near: /volunteers|dues|treasurer|chairs|cake rota|pin|raffle|retired/i, member: /\b(Club|Society|Union|Circle|League|Guild|Cooperative|Brigade|Friends|Association|Choir|Trust|Band|Watch|Federation)\b/, shapes: ["name"], many: true },
  { asks: /take up|meaning to try|hobbies would|pastimes? to/i, near: /leaflet|free year|everything for|voucher|club|beginners|equipment|starter kit/i, shapes: ["phrase"], many: true },
  { asks: /ability|would like to be able|skills am i eager|capabilities|skills? .*(learn|build|acquire)/i, near: /class|evening|master|course|practises|library books|beginners|handbook/i, shapes: ["phrase"] },
  { asks: /good at|skills?\b|talents?\b|proficient/i, near: /midnight|favour|drilled|leave it to|people look at|afternoon|ham/i, shapes: ["phrase"], many: true },
  { asks: /hobb|spare hours|pastimes?|free time|leisure|relaxation|activities/i, near: /glue|saturday|wages|spare room|cupboard|morning|hour|alarm|stranger/i, member: /\b\w+ing\b/i, shapes: ["phrase"], many: true },
  { asks: /mornings? begin|first thing i do/i, near: /before seven|dawn|alarm|speak|six sharp/i, shapes: ["phrase"] },
  { asks: /\baim\b|goal/i, near: /chart|boss|weekends|pub|jar|chalk|third|sworn/i, shapes: ["phrase"] },
  { asks: /cause\b|charitable/i, near: /standing order|leaflets|presents|rally|tin/i, shapes: ["phrase"] },
  { asks: /clothes|labels?\b|brands?\b/i, near: /jacket|sale|zip|boots|voucher|moths|coat|head to toe/i, shapes: ["name"], many: true },
  { asks: /restaurants?|caf[eé]s?|go out to eat/i, near: /window seat|gloves|cook|tab|umbrella|waiter|order|meet at/i, shapes: ["name"], many: true },
];
