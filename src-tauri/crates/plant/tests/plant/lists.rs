//! What is wrong with `tags/*.csv`.

use crate::common::check_files;

/// A list of tags has the same keys and the same problems, with its own lines.
#[test]
fn comma_separated() {
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,a,broker,f/a

ulm/fill/line1/filler,b,broker,f/b
"#,
        )],
        &[],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,decimal
ulm/fill/line1/filler,a,broker,f/a,2
"#,
        )],
        &["tags/pumps.csv 1 unknown column `decimal`; did you mean `decimals`?"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,decimals
ulm/fill/line1/filler,a,broker,f/a,two
"#,
        )],
        &["tags/pumps.csv 2 `decimals` is `two`, which does not fit; write a whole number"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,a,broker
"#,
        )],
        &[
            "tags/pumps.csv 2 this line has 3 cells, the first line has 4; put texts with commas or line breaks in double quotes",
        ],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,a,broker,f/a
ulm/fill/line1/filler,a,broker,f/b
"#,
        )],
        &[
            "tags/pumps.csv 3 the tag `ulm/fill/line1/filler/a` is given twice, on line 2 and on line 3; give one of them another id",
        ],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine;id;gateway;address.topic

"#,
        )],
        &["tags/pumps.csv 1 the columns are not separated by commas; save the table as CSV with commas"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
"ulm/fill/line1/filler",a,broker,"f/a
"#,
        )],
        &["tags/pumps.csv 2 a cell that begins with a quote does not end; close it with a double quote"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,"a"b,broker,f/a
"#,
        )],
        &["tags/pumps.csv 2 something follows the closing quote of a cell; double quotes inside a quoted cell"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,a"b,broker,f/a
"#,
        )],
        &["tags/pumps.csv 2 a quote stands inside a cell; put the cell in double quotes and double the quote"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,range
ulm/fill/line1/filler,a,broker,f/a,100|0
"#,
        )],
        &[
            "tags/pumps.csv 2 `range` is inverted or empty: 100 is not less than 0; write the lower end first, then the higher one",
        ],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,range,type,words
ulm/fill/line1/filler,a,broker,f/a,0|100,,
ulm/fill/line1/filler,b,broker,f/b,,bool,shut|open
"#,
        )],
        &[],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,address

"#,
        )],
        &["tags/pumps.csv 1 unknown column `address`; did you mean `address.*`?"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,id

"#,
        )],
        &["tags/pumps.csv 1 the column `id` is given twice; keep one of them"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,limits.hihg

"#,
        )],
        &["tags/pumps.csv 1 unknown column `limits.hihg`; did you mean `limits.high`?"],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.topic,name
"ulm/fill/line1/filler",a,broker,f/a,"two
lines, and ""quotes"""
ulm/fill/line1/filler,a,broker,f/a,
"#,
        )],
        &[
            "tags/pumps.csv 4 the tag `ulm/fill/line1/filler/a` is given twice, on line 2 and on line 4; give one of them another id",
        ],
    );
    check_files(
        "",
        &[(
            "tags/pumps.csv",
            r#"machine,id,gateway,address.register,address.table
ulm/fill/line1/filler,a,plc,12,holding
ulm/fill/line1/filler,b,plc,x,"""12"""
"#,
        )],
        &[r#"tags/pumps.csv 3 `register` is "x", not a number; use a number"#],
    );
    check_files(
        r#"TAG
id = "a"
gateway = "broker"
address = { topic = "f/a" }
"#,
        &[
            (
                "tags/pumps.csv",
                r#"machine,id,gateway,address.topic
ulm/fill/line1/filler,a,broker,f/z
"#,
            ),
            ("tags/old/x.csv", "nonsense"),
            ("notes.csv", "nonsense"),
        ],
        &[
            "tags/pumps.csv 2 the tag `ulm/fill/line1/filler/a` is given twice, on plant.toml line 3 and on line 2; give one of them another id",
        ],
    );
}
