//! The part of a botocore service model that the generator reads.

use std::collections::BTreeMap;

use serde_json::Value;

/// A service model.
pub(super) struct Model {
    pub(super) target_prefix: String,
    pub(super) signing_name: String,
    /// All operations, built or not.
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

/// The names of an operation's shapes.
pub(super) struct Operation {
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
}

/// A shape with its constraints; numbers that the model leaves out are `None`.
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) pattern: Option<String>,
    /// The allowed values of a string, in the model's order; empty for any.
    pub(super) values: Vec<String>,
}

/// What a shape is made of; shapes are named.
pub(super) enum Kind {
    /// Members by name, in order of name so that the output does not depend on how the JSON map was kept.
    Structure(BTreeMap<String, Member>),
    List(String),
    Map(String, String),
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Blob,
    Timestamp,
}

/// A member of a structure.
pub(super) struct Member {
    pub(super) shape: String,
    pub(super) required: bool,
}

impl Model {
    /// Reads a model; the error names what was not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let metadata = &root["metadata"];
        let operations = entries(&root["operations"]).map(|(name, value)| {
            let shape = |key: &str| value[key]["shape"].as_str().map(str::to_owned);
            (name.clone(), Operation { input: shape("input"), output: shape("output") })
        });
        let shapes = entries(&root["shapes"]).map(|(name, value)| {
            Shape::parse(value).map(|shape| (name.clone(), shape)).map_err(|what| format!("shape {name}: {what}"))
        });
        Ok(Self {
            // A query service has none: its requests name the action in the body.
            target_prefix: text_of(metadata, "targetPrefix").unwrap_or_default(),
            signing_name: text_of(metadata, "signingName")
                .or_else(|| text_of(metadata, "endpointPrefix"))
                .ok_or("no endpointPrefix")?,
            operations: operations.collect(),
            shapes: shapes.collect::<Result<_, _>>()?,
        })
    }

    /// The shape of that name; models are closed, so a missing one is a broken model.
    pub(super) fn shape(&self, name: &str) -> Result<&Shape, String> {
        self.shapes.get(name).ok_or_else(|| format!("shape {name} is used but not defined"))
    }

    /// The structure that a shape is, or holds in lists and maps.
    pub(super) fn structure_inside<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, String> {
        match &self.shape(name)?.kind {
            Kind::Structure(_) => Ok(Some(name)),
            Kind::List(inner) | Kind::Map(_, inner) => self.structure_inside(inner),
            _ => Ok(None),
        }
    }
}

impl Shape {
    fn parse(value: &Value) -> Result<Self, String> {
        let shape_of = |key: &str| text_of(&value[key], "shape").ok_or(format!("no {key}"));
        let kind = match value["type"].as_str().ok_or("no type")? {
            "structure" => Kind::Structure(members(value)?),
            "list" => Kind::List(shape_of("member")?),
            "map" => Kind::Map(shape_of("key")?, shape_of("value")?),
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "double" | "float" => Kind::Double,
            "boolean" => Kind::Boolean,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp,
            other => return Err(format!("type {other}")),
        };
        Ok(Self {
            kind,
            min: value["min"].as_f64().map(|n| n as i64),
            max: value["max"].as_f64().map(|n| n as i64),
            pattern: text_of(value, "pattern"),
            values: texts(&value["enum"]),
        })
    }
}

fn members(value: &Value) -> Result<BTreeMap<String, Member>, String> {
    let required = texts(&value["required"]);
    entries(&value["members"])
        .map(|(name, member)| {
            let shape = text_of(member, "shape").ok_or(format!("member {name} has no shape"))?;
            Ok((name.clone(), Member { shape, required: required.contains(name) }))
        })
        .collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}
