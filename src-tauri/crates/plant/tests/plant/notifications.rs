//! Rules of notification: what they mean, and what is wrong with them.

use std::time::Duration;

use plant::{MailTls, Recipient, TagIndices};

use crate::common::{AROUND, check, folder, plant};

const MAIL: &str = "[mail]\nserver = \"mail.plant.example\"\nfrom = \"andon@plant.example\"\n";

#[test]
fn a_rule_says_whom_when_and_of_what() {
    let text = format!(
        r#"{MAIL}login = "mail"
ca = "certs/mail-ca.pem"
[[notifications]]
name = "night-shift"
to = ["anna@plant.example", "https://hooks.plant.example/andon?line=1", "webhook:teams"]
priorities = [1, 2]
classes = "system"
equipment = ["ulm/fill"]
delay_s = 60
escalate_after_s = 600
gather_s = 30
tell_return = true
sign_with = "hook-key"
quiet = [{{ from = "22:00", to = "06:30", priorities = [2] }}]
[[notifications]]
name = "everything"
to = "http://127.0.0.1:9000/"
{AROUND}"#
    );
    let plant = plant(&folder(&text), &TagIndices::default());
    let mail = plant.mail.as_ref().expect("a mail server");
    assert_eq!((mail.server.as_str(), mail.port, mail.tls), ("mail.plant.example", 587, MailTls::StartTls));
    assert_eq!((mail.login.as_deref(), mail.ca.as_deref()), (Some("mail"), Some("certs/mail-ca.pem")));
    let rule = plant.notification("night-shift").expect("the first rule");
    assert_eq!(
        rule.to,
        [
            Recipient::Mail("anna@plant.example".into()),
            Recipient::Webhook("https://hooks.plant.example/andon?line=1".into()),
            Recipient::SecretWebhook("teams".into()),
        ]
    );
    assert_eq!(rule.priorities.iter().map(|priority| priority.number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((rule.delay, rule.escalate_after), (Duration::from_secs(60), Some(Duration::from_secs(600))));
    assert_eq!((rule.quiet[0].from, rule.quiet[0].to), (22 * 60, 6 * 60 + 30));
    assert!(rule.returns && !rule.acknowledgements);
    let all = plant.notification("everything").expect("the second rule");
    assert_eq!((all.delay, all.escalate_after, all.gather), (Duration::ZERO, None, Duration::from_secs(60)));
    assert!(all.priorities.is_empty() && all.quiet.is_empty());
}

#[test]
fn the_port_follows_the_kind_of_tls() {
    for (tls, port) in [("starttls", 587), ("tls", 465), ("none", 25)] {
        let text = format!("{MAIL}tls = \"{tls}\"\n{AROUND}");
        assert_eq!(plant(&folder(&text), &TagIndices::default()).mail.expect("a mail server").port, port, "{tls}");
    }
}

#[test]
fn what_is_wrong_with_a_recipient_is_said_at_its_place() {
    for (to, expect) in [
        ("anna", "4 `to` has `anna` in it, which is no e-mail address; write it as \"name@host\""),
        ("a b@c", "4 `to` has `a b@c` in it, which is no e-mail address; write it as \"name@host\""),
        (
            "http://hooks.example/a",
            "4 `http://hooks.example/a` would be sent in the clear; use https; http is for this machine only",
        ),
        (
            "ftp://hooks.example/a",
            "4 `ftp://hooks.example/a` is not the address of a webhook; write it as \"https://host/path\"",
        ),
        ("https:///a", "4 `https:///a` is not the address of a webhook; write it as \"https://host/path\""),
        ("https://host:0/a", "4 `https://host:0/a` is not the address of a webhook; write it as \"https://host/path\""),
        (
            "webhook:a b",
            "4 what follows `webhook:` is not the name of a secret; store the address with `andon secret set NAME` and write \"webhook:NAME\"",
        ),
        (
            "https://anna:tr0ub4dor@host/",
            "4 the webhook's address has a log-in in it, which others may read; store the whole address with `andon secret set NAME` and write \"webhook:NAME\"",
        ),
    ] {
        let text = format!("{MAIL}[[notifications]]\nname = \"n\"\nto = [\"{to}\"]\n");
        let expect = expect.replacen('4', "6", 1);
        check(&text, &[&expect]);
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_said_at_its_place() {
    for (rule, expect) in [
        ("to = [\"https://h/\"]", vec!["1 `name` is missing in notification; add `name = \"night-shift\"`"]),
        ("name = \"n\"", vec!["1 `to` is missing in notification; add `to = [\"anna@plant.example\"]`"]),
        ("name = \"n\"\nto = []", vec!["3 `to` is empty; write an e-mail address or the https address of a webhook"]),
        ("name = \"n\"\nto = [7]", vec!["3 `to` has a whole number in it, which does not fit; write texts in quotes"]),
        (
            "name = \"n\"\nto = \"anna@plant.example\"",
            vec![
                "1 the notification `n` goes to an e-mail address, and there is no `[mail]`; add [mail] with `server = \"...\"` and `from = \"...\"`",
            ],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\npriorities = [1, 5]",
            vec!["4 this is no priority; write whole numbers from 1 to 4: [1, 2]"],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nclasses = [\"sytem\"]",
            vec!["4 warning: no alarm is of the class `sytem`; did you mean `system`?"],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nequipment = \"ulm/fil\"",
            vec!["4 unknown equipment `ulm/fil`; did you mean `ulm/fill`?"],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nescalate_after_s = 60",
            vec!["4 warning: there is nobody to escalate to; add the next one to `to`, or remove `escalate_after_s`"],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nquiet = [{ from = \"22:00\", to = \"6\" }]",
            vec!["4 `to` is `6`, which is no time of day; write hours and minutes, such as \"06:00\""],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nquiet = [{ from = \"22:00\", to = \"24:00\" }]",
            vec!["4 `to` is `24:00`, which is no time of day; write hours and minutes, such as \"06:00\""],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\ndelay = 5",
            vec!["4 unknown key `delay` in notification; did you mean `delay_s`?"],
        ),
        (
            "name = \"n\"\nto = \"https://h/\"\nca = \"../ca.pem\"",
            vec![
                "4 `ca` is not a file beside the plant file; put it into the plant's folder and write ca = \"certs/FILE.pem\"",
            ],
        ),
    ] {
        check(&format!("[[notifications]]\n{rule}\n"), &expect);
    }
}

#[test]
fn a_name_is_given_once() {
    check(
        "[[notifications]]\nname = \"n\"\nto = \"https://h/\"\n[[notifications]]\nname = \"n\"\nto = \"https://h/\"\n",
        &["5 the notification `n` is given twice, on line 2 and on line 5; give one of them another name"],
    );
}

#[test]
fn a_password_stays_out_of_the_file_and_of_the_message() {
    for key in ["password", "user", "token"] {
        let remedy = format!(
            "4 `{key}` must not be written into the plant file, which others may read; store it with `andon secret set NAME --login` and write login = \"NAME\""
        );
        check(&format!("{MAIL}{key} = \"tr0ub4dor\"\n"), &[&remedy]);
    }
    check(
        &format!("{MAIL}login = \"anna:tr0ub4dor\"\n"),
        &[
            "4 `login` is not the name of a secret; store it with `andon secret set NAME --login` and write login = \"NAME\"",
        ],
    );
    check(
        &format!("{MAIL}tls = \"none\"\nlogin = \"mail\"\n"),
        &[
            "4 the password would be sent in the clear: `login` is given and `tls` is \"none\"; use \"starttls\" or \"tls\", or remove `login`",
        ],
    );
}
