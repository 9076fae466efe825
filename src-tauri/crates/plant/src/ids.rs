//! The form of ids and paths.

use crate::problem::{Place, Problems, shown};

/// Longest id, or segment of a path, in characters.
pub(crate) const LONGEST: usize = 64;

/// Whether a text is an id: letters without accents, digits, `_` and `-`, at most 64. Reports what is wrong.
pub(crate) fn check_id(id: &str, at: Place, problems: &mut Problems) -> bool {
    if id.is_empty() {
        problems.error(at, "an id is empty", "use letters, digits, `_` and `-`");
        return false;
    }
    if let Some(odd) = id.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))) {
        let message =
            format!("`{}` is no id: `{}` is not allowed in it", shown(id), shown(odd.encode_utf8(&mut [0; 4])));
        problems.error(at, message, "use letters without accents, digits, `_` and `-`");
        return false;
    }
    if id.len() > LONGEST {
        problems.error(at, format!("the id `{}` is longer than {LONGEST} characters", shown(id)), "use a shorter id");
        return false;
    }
    true
}

/// Whether a text is a path of so many ids. Reports what is wrong. `form` shows how it should look.
pub(crate) fn check_path(path: &str, depth: usize, form: &str, at: Place, problems: &mut Problems) -> bool {
    let segments = path.split('/').count();
    if segments != depth {
        let message = format!("the path `{}` does not have {depth} parts but {segments}", shown(path));
        problems.error(at, message, format!("write it as `{form}`"));
        return false;
    }
    path.split('/').all(|segment| check_id(segment, at, problems))
}
