//! Logical expressions to physical ones: constants are folded first, and forms that only the simplifier knows how to
//! run (COALESCE) become CASE.

use std::sync::Arc;

use datafusion_common::tree_node::TreeNode;
use datafusion_common::{DFSchema, Result};
use datafusion_expr::Expr;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};

/// A coerced expression, ready to be evaluated over batches of `schema`.
pub(crate) fn physical(expression: &Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
    create_physical_expr(&simplified(expression.clone(), schema)?, schema, &ExecutionProps::new())
}

/// Simplifies the arguments of an aggregate call and leaves the call itself alone.
pub(crate) fn with_simple_arguments(call: &Expr, schema: &DFSchema) -> Result<Expr> {
    let call = call.clone().unalias();
    Ok(call
        .map_children(|argument| simplified(argument, schema).map(datafusion_common::tree_node::Transformed::yes))?
        .data)
}

fn simplified(expression: Expr, schema: &DFSchema) -> Result<Expr> {
    let context = SimplifyContext::builder().with_schema(Arc::new(schema.clone())).build();
    ExprSimplifier::new(context).simplify(expression)
}
