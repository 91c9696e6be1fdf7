//! Names in what a provider says of a user.

use serde_json::Value;

use crate::grants::is_name;

/// More groups than anybody is in. Providers that cut such lists say so elsewhere.
const GROUPS_MAX: usize = 1_000;

/// What stands at a claim: by its whole name, or else along the dots in it.
pub(super) fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    let whole = claims.get(name);
    whole
        .or_else(|| {
            name.split('.')
                .try_fold(claims, |inner, part| inner.get(part))
        })
        .filter(|value| !value.is_null())
}

/// The user's name. A mail address that the provider has not verified is nobody's name.
pub(super) fn user(claims: &Value, name: &str) -> Option<String> {
    let user = claim(claims, name)?.as_str()?;
    let unverified = name == "email" && claims.get("email_verified") == Some(&Value::Bool(false));
    (is_name(user) && !unverified).then(|| user.to_owned())
}

/// The user's groups: a list of texts, or one text. What cannot be a group's name is left out.
pub(super) fn groups(claims: &Value, name: &str) -> Option<Vec<String>> {
    let listed: Vec<&str> = match claim(claims, name)? {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let mut groups: Vec<String> = listed
        .into_iter()
        .filter(|group| is_name(group))
        .take(GROUPS_MAX)
        .map(str::to_owned)
        .collect();
    groups.sort();
    groups.dedup();
    Some(groups)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_found_along_dots_and_only_when_they_are_names() {
        let claims = json!({
            "sub": "1", "preferred_username": "alice", "email": "a@example.com",
            "email_verified": false, "empty": "", "number": 7, "nothing": null,
            "groups": ["dba", "linux", "dba", 7, "", "a\nb"],
            "one": "dba",
            "realm_access": {"roles": ["ops"]},
            "https://example.com/groups": ["whole"],
        });
        for (name, want) in [
            ("preferred_username", Some("alice")),
            ("sub", Some("1")),
            ("email", None),
            ("empty", None),
            ("number", None),
            ("nothing", None),
            ("groups", None),
            ("realm_access.none", None),
        ] {
            assert_eq!(user(&claims, name).as_deref(), want, "{name}");
        }
        for (name, want) in [
            ("groups", Some(vec!["dba", "linux"])),
            ("one", Some(vec!["dba"])),
            ("realm_access.roles", Some(vec!["ops"])),
            ("https://example.com/groups", Some(vec!["whole"])),
            ("number", None),
            ("missing", None),
        ] {
            let want = want.map(|want| want.into_iter().map(str::to_owned).collect());
            assert_eq!(groups(&claims, name), want, "{name}");
        }
    }
}
