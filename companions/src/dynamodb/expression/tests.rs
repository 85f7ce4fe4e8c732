use super::*;
use crate::dynamodb::number::Number;
use crate::dynamodb::value::Item;

fn number(text: &str) -> Value {
    Value::N(Number::parse(text).unwrap())
}

fn text(text: &str) -> Value {
    Value::S(text.into())
}

/// A lease as KCL keeps it, with a little of everything.
fn lease() -> Item {
    Item::from([
        ("leaseKey".into(), text("shardId-000000000000")),
        ("leaseOwner".into(), text("worker-1")),
        ("leaseCounter".into(), number("41")),
        ("parents".into(), Value::strings(vec!["p0".into(), "p1".into()]).unwrap()),
        ("list".into(), Value::L(vec![number("1"), text("two"), Value::Null])),
        ("map".into(), Value::M(Item::from([("inner".into(), Value::L(vec![text("deep")]))]))),
    ])
}

fn expressions() -> Expressions {
    let names = [("#o", "leaseOwner"), ("#c", "leaseCounter"), ("#missing", "nobody"), ("#m", "map"), ("#i", "inner")];
    let values = [
        (":w1", text("worker-1")),
        (":w2", text("worker-2")),
        (":41", number("41.0")),
        (":1", number("1")),
        (":100", number("100")),
        (":p0", text("p0")),
        (":S", text("S")),
        (":two", number("2")),
        (":set", Value::strings(vec!["p1".into(), "p2".into()]).unwrap()),
        (":list", Value::L(vec![text("x")])),
    ];
    Expressions::new(
        Some(names.map(|(key, name)| (key.to_owned(), name.to_owned())).into()),
        Some(values.map(|(key, value)| (key.to_owned(), value)).into()),
    )
}

#[test]
fn conditions_hold_or_not() {
    for (condition, expected) in [
        ("#o = :w1", true),
        ("leaseOwner=:w2", false),
        ("#o <> :w2 AND #c = :41", true),
        ("#c < :100 and #c >= :41 and not #c > :41", true),
        ("#o = :w2 OR #c = :41 AND #o = :w2", false),
        ("(#o = :w2 OR #c = :41) AND #o = :w1", true),
        ("NOT (#o = :w1 AND #c = :41)", false),
        ("attribute_exists(leaseKey) AND attribute_not_exists(#missing)", true),
        ("attribute_not_exists(leaseKey)", false),
        ("(attribute_not_exists(#missing) OR #missing = :1)", true),
        ("#missing = :1", false),
        ("#missing <> :1", true),
        ("#missing < :1", false),
        ("#o < :1", false),
        ("#c BETWEEN :1 AND :100 AND #o = :w1", true),
        ("#c between :100 and :1", false),
        ("#o IN (:w2, :w1)", true),
        ("#o in (:w2)", false),
        ("attribute_type(#o, :S)", true),
        ("attribute_type(#c, :S)", false),
        ("begins_with(leaseKey, :S)", false),
        ("begins_with(#m.#i[0], :p0)", false),
        ("contains(parents, :p0)", true),
        ("contains(parents, :w1)", false),
        ("contains(list, :1)", true),
        ("size(parents) = :two", true),
        ("size(#o) > :two", true),
        ("size(#c) > :two", false),
        ("#m.#i[0] = #m.#i[0]", true),
        ("map.inner[1] = map.inner[0]", false),
        (":w1 = #o", true),
    ] {
        let parsed = expressions().condition(Role::Condition, condition).unwrap();
        assert_eq!(parsed.holds(&lease()), expected, "{condition}");
    }
}

#[test]
fn wrong_conditions_are_refused_in_dynamodbs_words() {
    for (condition, message) in [
        ("", "The expression can not be empty;"),
        ("a = ", "Syntax error; token: \"<EOF>\", near: \"a = \""),
        ("a b", "Syntax error; token: \"b\", near: \"a b\""),
        ("a = :w1)", "Syntax error; token: \")\", near: \":w1)\""),
        ("a = :nope", "An expression attribute value used in expression is not defined; attribute value: :nope"),
        ("#q = :w1", "An expression attribute name used in the document path is not defined; attribute name: #q"),
        ("a = $", "Syntax error; token: \"$\", near: \"$\""),
        ("exists(a)", "Invalid function name; function: exists"),
        (
            "attribute_type(a, :1)",
            "Incorrect operand type for operator or function; operator or function: attribute_type",
        ),
        ("a[b] = :1", "Syntax error; token: \"b\", near: \"[b] = :1\""),
        ("a = size(", "Syntax error; token: \"<EOF>\", near: \"a = size(\""),
    ] {
        let refused = expressions().condition(Role::Condition, condition).unwrap_err();
        assert_eq!(refused.to_string(), format!("Invalid ConditionExpression: {message}"), "{condition}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |levels: usize| format!("{}#o = :w1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(expressions().condition(Role::Filter, &nested(8)).is_ok());
    let refused = expressions().condition(Role::Filter, &nested(9)).unwrap_err();
    assert_eq!(refused.to_string(), "Invalid FilterExpression: The expression is nested more than 8 levels deep");
    assert!(expressions().condition(Role::Filter, &"NOT ".repeat(1000)).is_err());
    let refused = expressions().condition(Role::Filter, &format!("{} = :w1", "a".repeat(4096))).unwrap_err();
    assert!(refused.to_string().contains("exceeded the maximum allowed size; expression size: 4102"), "{refused}");
}

#[test]
fn the_deepest_tree_survives_its_persisted_form() {
    let level = |inner: String| format!("({inner} AND a = :v) OR NOT a = :v");
    let condition = (0..8).fold("a = :v".to_owned(), |inner, _| level(inner));
    let value = (0..32).fold(Value::Null, |inner, _| Value::L(vec![inner]));
    let values = [(":v".to_owned(), value)].into();
    let tree = Expressions::new(None, Some(values)).condition(Role::Condition, &condition).unwrap();
    let bytes = serde_json::to_vec(&vec![vec![vec![vec![&tree]]]]).unwrap();
    assert_eq!(serde_json::from_slice::<Vec<Vec<Vec<Vec<Condition>>>>>(&bytes).unwrap(), [[[[tree]]]]);
}

#[test]
fn updates_change_what_they_name() {
    for (update, path, expected) in [
        ("SET #o = :w2, #c = #c + :1", "leaseCounter", Some(number("42"))),
        ("set #c = :100 - #c", "leaseCounter", Some(number("59"))),
        ("SET #missing = if_not_exists(#missing, :100)", "nobody", Some(number("100"))),
        ("SET #o = if_not_exists(#o, :w2)", "leaseOwner", Some(text("worker-1"))),
        ("SET #m.#i = list_append(map.inner, :list)", "map.inner[1]", Some(text("x"))),
        ("SET map.fresh = :1 REMOVE #o", "leaseOwner", None),
        ("SET map.fresh = :1 REMOVE #o", "map.fresh", Some(number("1"))),
        ("REMOVE list[0], list[1]", "list[0]", Some(Value::Null)),
        ("ADD #c :1, #missing :1", "nobody", Some(number("1"))),
        ("ADD parents :set", "parents", Some(Value::strings(vec!["p0".into(), "p1".into(), "p2".into()]).unwrap())),
        ("DELETE parents :set", "parents", Some(Value::strings(vec!["p0".into()]).unwrap())),
        ("SET #o = leaseKey, #missing = #o", "nobody", Some(text("worker-1"))),
        ("SET list[7] = :1", "list[3]", Some(number("1"))),
    ] {
        let parsed = expressions().update(update).unwrap();
        let new = parsed.of(&lease()).unwrap();
        let place = Expressions::new(None, None).projection(path).unwrap().remove(0);
        assert_eq!(place.get(&new).cloned(), expected, "{update}");
    }
}

#[test]
fn a_set_that_loses_its_last_member_goes() {
    let item = Item::from([("parents".into(), Value::strings(vec!["p1".into()]).unwrap())]);
    assert_eq!(expressions().update("DELETE parents :set").unwrap().of(&item), Ok(Item::new()));
}

#[test]
fn wrong_updates_are_refused() {
    for (update, message) in [
        ("SET a = :1 SET b = :1", "The \"SET\" section can only be used once in an update expression;"),
        ("PUT a = :1", "Syntax error; token: \"PUT\", near: \"PUT a = :1\""),
        ("ADD a :w1", "Incorrect operand type for operator or function; operator: ADD, operand type: S"),
        ("DELETE a :1", "Incorrect operand type for operator or function; operator: DELETE, operand type: N"),
        ("SET a = nope(b)", "Invalid function name; function: nope"),
        ("SET a = :1 + :1 + :1", "Syntax error; token: \"+\", near: \":1 + :1\""),
        (
            "SET a = :1, a.b = :1",
            "Two document paths overlap with each other; must remove or rewrite one of these \
          paths; path one: [a], path two: [a, b]",
        ),
    ] {
        let refused = expressions().update(update).unwrap_err();
        assert_eq!(refused.to_string(), format!("Invalid UpdateExpression: {message}"), "{update}");
    }
    for (update, message) in [
        ("SET a = b", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET #c = #o + :1", "An operand in the update expression has an incorrect data type"),
        ("SET nowhere.b = :1", "The document path provided in the update expression is invalid for update"),
        ("ADD #o :1", "An operand in the update expression has an incorrect data type"),
    ] {
        let refused = expressions().update(update).unwrap().of(&lease()).unwrap_err();
        assert_eq!(refused.to_string(), message, "{update}");
    }
}

#[test]
fn what_is_given_must_be_used() {
    let names = || Some([("#a".to_owned(), "a".to_owned()), ("#b".to_owned(), "b".to_owned())].into());
    let mut some = Expressions::new(names(), None);
    some.projection("#a, c").unwrap();
    let refused = some.finish().unwrap_err().to_string();
    assert_eq!(refused, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}");
    let refused = Expressions::new(names(), None).finish().unwrap_err().to_string();
    assert_eq!(refused, "ExpressionAttributeNames can only be specified when using expressions");
    let mut empty = Expressions::new(None, Some([].into()));
    empty.projection("a").unwrap();
    assert_eq!(empty.finish().unwrap_err().to_string(), "ExpressionAttributeValues must not be empty");
}
