/** What people say between the things they say. `{name}` is the one spoken to. */
export const GREETINGS: Readonly<Record<"morning" | "day" | "evening", readonly string[]>> = {
  morning: ["Morning, {name}!", "Good morning {name}, are you up?", "Hey {name}, early enough for you?", "Hi {name}! Got a minute before the day starts?", "{name}, good morning. Is this a bad time?", "Hello {name}! You are awake, I can see the green dot.", "Up already, {name}?", "Morning! I did not wake you, {name}, did I?"],
  day: ["Hey {name}!", "Hi {name}, got a minute?", "{name}! Long time no message.", "Hello {name}, are you busy?", "Hi {name}! I was just about to ring you.", "Hey {name}, quick one, if you have time.", "Hello {name}, nothing urgent.", "{name}, are you there?", "Hi {name}, it is only me.", "Good day to you, {name}."],
  evening: ["Evening, {name}. Still about?", "Good evening, {name}!", "Hi {name}, not too late, is it?", "Hey {name}, have you put your feet up yet?", "Hello {name}! How was the day?", "Hi {name}! Done for today?", "Hey {name}, before I forget to write at all.", "{name}! Finally a quiet minute."],
};

export const REPLIES: readonly string[] = [
  "Hi {name}! Always.", "Hey {name}, go ahead.", "Hello {name}! What is going on?", "Hi {name}. I am all ears.", "{name}! Good to hear from you.", "Hey! Yes, just sat down.", "Hi! Perfect timing, {name}, nothing is happening here.", "Hello you. What is new?", "There you are, {name}!", "Hi {name}. I have five minutes, they are yours.", "Hello! I was looking for a reason to stop anyway.", "{name}, hi. Go on.", "Hey {name}. Anything to report?",
];

/** Questions that ask for nothing in particular. */
export const LEADS: readonly string[] = [
  "So, what else is new?", "And otherwise? Anything worth telling?", "How did the rest of the week go?", "You sounded busy the other day.", "Right, your turn. What happened?", "Any other adventures?", "And what was that message about, the one with no words?", "Tell me something that has nothing to do with this.", "Anything else going on?", "You were quiet on Sunday.",
];

/** The same about somebody who is not there. */
export const LEADS_OTHER: readonly string[] = [
  "Any word from the others?", "And how is everybody else?", "Seen anyone lately?", "Who did you run into, then?", "What are the others up to?", "You have heard something, I can tell.",
];

export const REACTIONS: readonly string[] = [
  "Ha! I can see it.", "Oh dear.", "No! Really?", "That made my day.", "Of course. Who else.", "I wish I had been there.", "You could not make it up.", "That is one way to spend a week.", "I am laughing, sorry.", "Never a dull moment.", "I will not say a word.", "And you are only telling me now?", "Well, it could be worse.", "Noted. I am keeping that for later.", "I had a feeling.", "That explains a great deal.", "Typical.", "Somebody should write that down.", "I would have paid to see it.", "Good grief.", "That does not surprise me in the least.", "And nobody said anything?", "How very like this week.", "You are joking.",
];

/** Ways to go on after a reaction where nothing else is given. */
export const AFTERS: readonly string[] = [
  "It is all true, I swear.", "You had to be there.", "Anyway, enough of that.", "Do not tell anyone.", "I thought you would like that one.", "And that was only the beginning.", "I have witnesses.", "Well, there you are.", "I thought somebody ought to know.", "It gets better every time I tell it.",
];

export const AGREE: readonly string[] = [
  "True.", "Exactly.", "You have a point.", "I could not agree more.", "Ha, yes.", "Hm, I am not so sure.", "Quite.", "That is what they all say.", "Fair enough.", "Now you mention it.", "You know what?", "Honestly?", "Oh, please.", "Same old story.",
];

/** Turns to another subject. */
export const TURNS: readonly string[] = [
  "By the way.", "Before I forget:", "Something else.", "Oh, and this:", "Completely different subject.", "That reminds me.", "Speaking of nothing at all:", "Anyway.", "Did I say?", "Apropos of nothing:",
];

export const NEWS_OPENERS: readonly string[] = [
  "Did you see the headline? \"{headline}.\"", "Have you read this? \"{headline}.\"", "It was in the paper: \"{headline}.\"", "They said on the radio: \"{headline}.\"", "Look what just came up: \"{headline}.\"", "Everyone is talking about it: \"{headline}.\"",
];

export const NEWS_REPLIES: readonly string[] = [
  "I saw it. {detail}", "Yes, on the way in. {detail}", "Only the first lines. {detail}", "The article went on for ages. {detail}", "I did. {detail}", "They had a picture too. {detail}",
];

export const NEWS_ENDINGS: readonly string[] = [
  "I will believe it when it is in the paper twice.", "We shall hear more of that.", "By next week nobody will remember.", "There is always more behind it.", "I would not bet on it either way.", "They will form a committee, you will see.", "It is better than the usual news.",
];

export const MATTER_OPENERS: readonly string[] = ["News about {matter}: {now}.", "You will like this, it is about {matter}: {now}.", "Have you heard about {matter}? Apparently {now}.", "So, {matter}: {now}."];

export const MATTER_SEQUELS: readonly string[] = [
  "Remember {matter}? {When} it was still \"{before}\". Well, {now}.", "There is a sequel to {matter}. {When} I heard that {before}, and now it seems that {now}.", "You will want to know how it went on with {matter}. {Now}.", "Back to {matter}, where we left off {when}. {Now}.", "{When} it was \"{before}\", if you remember. The latest: {now}.",
];

export const FAREWELLS: readonly string[] = [
  "Right, I have to run. Speak soon, {name}!", "I must go, somebody is at the door. Bye, {name}.", "Let us talk at the end of the week, {name}.", "My battery is at two per cent. Bye!", "I will leave you to it. Take care, {name}.", "The kettle calls. Bye for now, {name}.", "They are calling me. To be continued, {name}.", "Enough for one message. Bye, {name}!", "I must get on. Write when you can, {name}.", "My stop is next. Bye, {name}!", "Good, that is all I wanted. Speak soon!",
];

export const LAST_WORDS: readonly string[] = [
  "Bye, {name}!", "Take care!", "You too. Bye!", "Speak soon.", "Off you go, then. Bye!", "Same time next week, I expect.", "Bye bye!", "Till then, {name}.", "Good. Bye, {name}.", "See you, {name}!", "Until soon.",
];
