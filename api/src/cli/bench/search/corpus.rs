//! Made-up moments: command lines, processes, titles of windows and lines of output over 90 days, of 500 users on 300
//! hosts, with words as frequent as in a language. The same in each run.

use std::collections::HashMap;

use super::super::Chance;

/// 2026-01-01, in seconds after 1970.
pub(super) const START_S: i64 = 1_767_225_600;
pub(super) const DAYS: i64 = 90;
const WORDS: usize = 60_000;
const USERS: usize = 500;
const HOSTS: usize = 300;
/// So many questions of each kind.
const QUESTIONS: usize = 50;

const ONSETS: &str = "b c d f g h j k l m n p r s t v w z st tr pl br gr cl sh th";
const VOWELS: &str = "a e i o u ai ou ea";
const COMMANDS: &str = "ls cat grep ssh scp sudo systemctl kubectl docker git vim psql curl tar chmod chown rsync find \
    awk sed journalctl tail less make cargo python3 terraform ansible helm aws mysql redis-cli openssl ip netstat ps \
    kill passwd useradd crontab mount df du";
const FLAGS: &str = "-l -a -r -f -v -n --all --force --namespace --output --config --user --host --port --since \
    --follow --recursive --verbose --dry-run -it -xzf -aux -rf --region --profile";
const VERBS: &str = "get describe apply delete restart status start stop exec logs push pull commit checkout build \
    run install remove update show list create";
const FOLDERS: &str =
    "usr lib opt var log etc home srv data share local bin sbin tmp backup releases current conf.d";
const ENDINGS: &str = "log conf txt json yaml sql csv tar.gz sh py rs pem key xlsx docx pdf";
const LEVELS: &str = "INFO INFO INFO INFO WARN ERROR DEBUG";
const MESSAGES: &str = "connection accepted closed timeout failed session opened for user request completed in retry \
    attempt denied permission published key loaded started worker queue flushed bytes written disk query returned \
    rows cache miss hit expired token";
const PROGRAMS: [&str; 8] = [
    "Microsoft Excel",
    "Google Chrome",
    "Outlook",
    "Visual Studio Code",
    "PuTTY",
    "SQL Server Management Studio",
    "Notepad",
    "DBeaver",
];

/// A made-up moment.
pub(super) struct Made {
    pub(super) number: u64,
    pub(super) at_s: i64,
    pub(super) user: usize,
    pub(super) host: usize,
    /// 0 a command, 1 a process, 2 a window, 3 a line of output.
    pub(super) kind: usize,
    pub(super) text: String,
}

/// All moments, one after the other, in order of time.
pub(super) struct Corpus {
    pub(super) users: Vec<String>,
    pub(super) hosts: Vec<String>,
    words: Vec<String>,
    word: Frequencies,
    user: Frequencies,
    host: Frequencies,
    moments: u32,
}

/// Choices of which the first is the most frequent.
struct Frequencies(Vec<f64>);

impl Frequencies {
    fn new(choices: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=choices).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Self(sums.collect())
    }

    fn choose(&self, chance: &mut Chance) -> usize {
        let all = self.0.last().copied().unwrap_or(1.0);
        let at = chance.below(1 << 40) as f64 / (1_u64 << 40) as f64 * all;
        self.0
            .partition_point(|sum| *sum <= at)
            .min(self.0.len() - 1)
    }
}

fn list(text: &'static str) -> Vec<&'static str> {
    text.split_whitespace().collect()
}

fn one<'a>(chance: &mut Chance, list: &[&'a str]) -> &'a str {
    list[chance.below(list.len() as u64) as usize]
}

impl Corpus {
    pub(super) fn new(moments: u32) -> Self {
        let mut chance = Chance(20_261_120);
        let (onsets, vowels) = (list(ONSETS), list(VOWELS));
        let mut words: Vec<String> = Vec::with_capacity(WORDS);
        let mut seen = std::collections::HashSet::new();
        while words.len() < WORDS {
            let mut word = String::new();
            for _ in 0..2 + chance.below(3) {
                word.push_str(one(&mut chance, &onsets));
                word.push_str(one(&mut chance, &vowels));
            }
            word.push_str(one(&mut chance, &["", "", "n", "s", "r", "x"]));
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
        let first = [
            "anna", "bela", "carl", "dora", "emil", "fred", "gabi", "hugo", "ines", "jan",
        ];
        let users = (0..USERS).map(|n| format!("{}.{}", first[n % 10], words[100 + n / 10]));
        let sorts = ["db", "web", "app", "bastion", "k8s", "win", "vpn"];
        let hosts = (0..HOSTS).map(|n| format!("{}-{n:03}", sorts[n % 7]));
        Self {
            users: users.collect(),
            hosts: hosts.collect(),
            word: Frequencies::new(WORDS, 1.05),
            user: Frequencies::new(USERS, 0.9),
            host: Frequencies::new(HOSTS, 0.8),
            words,
            moments,
        }
    }

    pub(super) fn moments(&self) -> impl Iterator<Item = Made> + '_ {
        let mut chance = Chance(0x5EED);
        let lists = [COMMANDS, FLAGS, VERBS, FOLDERS, ENDINGS, LEVELS, MESSAGES].map(list);
        (0..u64::from(self.moments)).map(move |number| {
            let user = self.user.choose(&mut chance);
            let host = self.host.choose(&mut chance);
            let kind = match chance.below(100) {
                0..25 => 0,
                25..40 => 1,
                40..55 => 2,
                _ => 3,
            };
            let span_s = DAYS as u64 * 86_400;
            let at_s = START_S + (number * span_s / u64::from(self.moments)) as i64;
            let text = self.text(kind, user, &lists, &mut chance);
            Made {
                number,
                at_s,
                user,
                host,
                kind,
                text,
            }
        })
    }

    fn text(
        &self,
        kind: usize,
        user: usize,
        lists: &[Vec<&str>; 7],
        chance: &mut Chance,
    ) -> String {
        let [commands, flags, verbs, folders, endings, levels, messages] = lists;
        let word = |chance: &mut Chance| self.words[self.word.choose(chance)].as_str();
        let (a, b, c) = (word(chance), word(chance), word(chance));
        let title = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        };
        match kind {
            0 => {
                let command = one(chance, commands);
                let (flag, ending) = (one(chance, flags), one(chance, endings));
                match chance.below(5) {
                    0 => format!("{command} {} {a} {flag} {b}", one(chance, verbs)),
                    1 => format!(
                        "{command} {flag} /{}/{a}/{b}.{ending}",
                        one(chance, folders)
                    ),
                    2 => {
                        let host = &self.hosts[chance.below(HOSTS as u64) as usize];
                        format!(
                            "ssh {}@{host} {command} {} {a}",
                            self.users[user],
                            one(chance, verbs)
                        )
                    }
                    3 => format!(
                        "{command} {a} | grep -i {b} | awk '{{print ${}}}' > /var/tmp/{c}.{ending}",
                        chance.below(9)
                    ),
                    _ => format!("sudo {command} {flag}={a} {} {b} {c}", one(chance, flags)),
                }
            }
            1 if chance.below(2) == 0 => format!(
                "/{}/{a}/{}/{b} --{c}={}",
                one(chance, folders),
                one(chance, folders),
                chance.below(65_536)
            ),
            1 => format!(
                "C:\\Program Files\\{}\\{b}.exe /{c} {}",
                title(a),
                chance.below(9_999)
            ),
            2 => format!(
                "{} {b} {c}.{} - {}",
                title(a),
                one(chance, endings),
                one(chance, &PROGRAMS)
            ),
            _ => {
                let mut text = format!("{} {a}[{}]:", one(chance, levels), chance.below(32_768));
                for at in 0..5 + chance.below(4) {
                    text.push(' ');
                    text.push_str(match chance.below(2) {
                        0 => one(chance, messages),
                        _ => [a, b, c][at as usize % 3],
                    });
                }
                match chance.below(2) {
                    0 => text.push_str(&format!(" id={:08x}", chance.below(1 << 30))),
                    _ => text.push_str(&format!(" took {}ms", chance.below(4_000))),
                }
                text
            }
        }
    }
}

/// What is asked. All words are in lower case and of letters alone.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) rare: Vec<String>,
    pub(super) common: Vec<String>,
    pub(super) phrases: Vec<(String, String)>,
    pub(super) pairs: Vec<(String, String)>,
    pub(super) prefixes: Vec<String>,
    /// A word, a user, and from when until when in seconds after 1970.
    pub(super) filtered: Vec<(String, String, i64, i64)>,
}

impl Questions {
    pub(super) fn of(corpus: &Corpus) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let words_of = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words
                .filter(|word| !word.is_empty())
                .map(str::to_ascii_lowercase)
                .collect()
        };
        for made in corpus.moments() {
            let mut words = words_of(&made.text);
            words.sort_unstable();
            words.dedup();
            for word in words {
                *counts.entry(word).or_default() += 1;
            }
        }
        counts.retain(|word, _| {
            word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase())
        });
        let mut chance = Chance(7);
        let mut sorted: Vec<(&String, u32)> = counts.iter().map(|(word, n)| (word, *n)).collect();
        sorted.sort_unstable();
        let mut pick = |low: u32, high: u32| -> Vec<String> {
            let mut fitting: Vec<&String> = sorted
                .iter()
                .filter(|(_, n)| (low..=high).contains(n))
                .map(|(word, _)| *word)
                .collect();
            let mut picked = Vec::new();
            while picked.len() < QUESTIONS && !fitting.is_empty() {
                let at = chance.below(fitting.len() as u64) as usize;
                picked.push(fitting.swap_remove(at).clone());
            }
            picked
        };
        let all = corpus.moments;
        let mut questions = Self {
            rare: pick(5, 50),
            common: pick(all / 50, all),
            ..Self::default()
        };
        questions.prefixes = pick(20, all / 100)
            .into_iter()
            .filter(|word| word.len() > 6)
            .map(|word| word[..5].to_owned())
            .collect();
        let frequent = |word: &&String| counts.get(*word).is_some_and(|n| *n > all / 2_000);
        for made in corpus.moments().step_by((all as usize / 400).max(1)) {
            let words = words_of(&made.text);
            let known = |word: &String| counts.contains_key(word);
            let neighbours = words
                .windows(2)
                .find(|two| known(&two[0]) && known(&two[1]) && two[0] != two[1]);
            if let Some([first, second]) = neighbours
                && questions.phrases.len() < QUESTIONS
            {
                questions.phrases.push((first.clone(), second.clone()));
            }
            let mut frequent: Vec<&String> = words.iter().filter(frequent).collect();
            frequent.sort_unstable();
            frequent.dedup();
            if let [first, second, ..] = frequent[..]
                && questions.pairs.len() < QUESTIONS
            {
                questions.pairs.push((first.clone(), second.clone()));
            }
            if let Some(word) = frequent.first()
                && questions.filtered.len() < QUESTIONS
            {
                let user = corpus.users[made.user].clone();
                let (from, to) = (made.at_s - 3 * 86_400, made.at_s + 4 * 86_400);
                questions.filtered.push(((*word).clone(), user, from, to));
            }
        }
        questions
    }
}
