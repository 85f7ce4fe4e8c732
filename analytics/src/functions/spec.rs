//! How a scalar function is declared: a name, a rule for its types, and a body over whole arrays.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// What a call takes and gives: the types its arguments are cast to, and the type of the result.
pub(crate) type Types = (Vec<DataType>, DataType);

/// A function of Flink's SQL.
#[derive(Debug)]
pub(crate) struct Spec {
    /// In lower case.
    pub(crate) name: &'static str,
    /// How it is called, for the message of a refusal.
    pub(crate) usage: &'static str,
    /// The types for these arguments; `None` refuses them.
    pub(crate) types: fn(&[DataType]) -> Option<Types>,
    /// The values, arrays of one length.
    pub(crate) body: fn(&[ArrayRef], &DataType) -> Result<ArrayRef>,
}

/// A failure that the values of a record caused.
pub(crate) fn invalid(message: impl Into<String>) -> DataFusionError {
    DataFusionError::Execution(message.into())
}

#[derive(Debug)]
struct Function {
    spec: &'static Spec,
    signature: Signature,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

/// The function for DataFusion's planner.
pub(super) fn function(spec: &'static Spec) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(Function { spec, signature }))
}

impl Function {
    fn types(&self, arguments: &[DataType]) -> Result<Types> {
        let refused = || DataFusionError::Plan(format!("these arguments do not fit; the call is {}", self.spec.usage));
        (self.spec.types)(arguments).ok_or_else(refused)
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(self.types(arguments)?.1)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.types(arguments)?.0)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = (self.spec.body)(&arrays, args.return_field.data_type())?;
        if args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_))) && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}
