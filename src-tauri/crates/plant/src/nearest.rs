//! The nearest known word to one that is not known, for remedies.

/// The known word that is most like `word`, where one is like it at all: a few letters apart, or the beginning of it.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word: Vec<char> = word.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()).collect();
    let allowed = allowed(&word);
    let distances = known.into_iter().map(|other| (distance(&word, other), other));
    distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// How many edits make another word of it.
fn allowed(word: &[char]) -> usize {
    (word.len() / 3).max(1)
}

/// Fewer letters say too little to be the beginning of a word.
const BEGINNING: usize = 3;

/// Longer words are compared by their beginning.
const LONGEST: usize = 200;

/// Edits from one to the other: a letter more, less or another, or two neighbours changed over (optimal string
/// alignment). The beginning of a word counts as just near enough.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()).collect();
    if a.len().abs_diff(b.len()) > allowed(a) {
        let is_beginning = a.len().min(b.len()) >= BEGINNING && (a.starts_with(&b) || b.starts_with(a));
        return if is_beginning { allowed(a) } else { usize::MAX };
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["decimals", "deadband", "range", "unit", "id"];
        let check = |word: &str, expect: Option<&str>| assert_eq!(nearest(word, known), expect, "{word}");
        check("decimal", Some("decimals"));
        check("deadbnad", Some("deadband"));
        check("Range", Some("range"));
        check("uint", Some("unit"));
        check("colour", None);
        check("dec", Some("decimals"));
        check("de", None);
        check("", None);
    }
}
