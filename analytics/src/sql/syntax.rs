//! The syntax of queries that is taken; everything else is refused here, where the place in the text is still known.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DataType as AstType, DateTimeField, DuplicateTreatment, ExactNumberInfo,
    Expr, Function, FunctionArguments, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Spanned, TableFactor,
    UnaryOperator, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

use super::SqlError;
use super::tokens::FlinkDialect;
use crate::functions;

/// Parses and checks a query.
pub(crate) fn parse_query(tokens: Vec<TokenWithSpan>, place: Location) -> Result<Query, SqlError> {
    let mut parser = Parser::new(&FlinkDialect).with_tokens_with_locations(tokens);
    let mut query = parser.parse_query().map_err(|error| SqlError::parser(error, place))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(SqlError::at(rest.span.start, format!("expected the end of the statement, found {rest}")));
    }
    check(&*query, place)?;
    type_numbers(&mut *query);
    name_items(&mut query);
    Ok(*query)
}

/// Checks an expression outside a query: a computed column or a watermark.
pub(crate) fn check_expression(expression: &mut Expr, place: Location) -> Result<(), SqlError> {
    check(expression, place)?;
    type_numbers(expression);
    Ok(())
}

fn check(syntax: &impl Visit, place: Location) -> Result<(), SqlError> {
    match syntax.visit(&mut Checker { place }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Checker {
    place: Location,
}

type Checked = ControlFlow<SqlError>;

impl Checker {
    fn refuse(&self, span: Span, message: impl Into<String>) -> Checked {
        ControlFlow::Break(SqlError::of(span, self.place, message))
    }

    fn select(&self, select: &Select) -> Checked {
        let span = select.select_token.0.span;
        if select.distinct.is_some() {
            return self.refuse(span, "SELECT DISTINCT is not supported; GROUP BY the columns in a window");
        }
        if select.from.len() != 1 {
            return self.refuse(span, "a query reads exactly one table in FROM; joins are not supported yet");
        }
        if let Some(join) = select.from[0].joins.first() {
            return self.refuse(join.relation.span(), "joins are not supported yet");
        }
        let unusual = select.top.is_some()
            || select.into.is_some()
            || select.qualify.is_some()
            || select.prewhere.is_some()
            || select.value_table_mode.is_some()
            || select.exclude.is_some()
            || select.select_modifiers.is_some()
            || !select.lateral_views.is_empty()
            || !select.cluster_by.is_empty()
            || !select.distribute_by.is_empty()
            || !select.sort_by.is_empty()
            || !select.connect_by.is_empty()
            || !select.named_window.is_empty();
        if unusual {
            return self.refuse(span, "write SELECT … FROM … [WHERE …] [GROUP BY …] [HAVING …] and nothing else");
        }
        match &select.group_by {
            GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => {
                let position = expressions.iter().find(|e| matches!(e, Expr::Value(_)));
                position.map_or(ControlFlow::Continue(()), |e| {
                    self.refuse(e.span(), "GROUP BY takes columns and expressions, not positions")
                })
            }
            _ => self.refuse(span, "GROUP BY takes columns and expressions only; no ALL, ROLLUP or CUBE"),
        }
    }

    fn function(&self, function: &Function) -> Checked {
        let span = function.span();
        let name = function.name.to_string();
        let aggregate = functions::aggregate(&name).is_some();
        if ["TUMBLE", "HOP", "SESSION", "TUMBLE_START", "TUMBLE_END", "TUMBLE_ROWTIME"]
            .iter()
            .any(|legacy| name.eq_ignore_ascii_case(legacy))
        {
            let hint =
                "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end";
            return self.refuse(span, format!("write windows as {hint}"));
        }
        if !aggregate && functions::scalar(&name).is_none() {
            let known = functions::scalar_names().join(", ");
            let message = format!(
                "function {name} is not supported; there are the aggregates COUNT, SUM, AVG, MIN, MAX and the functions {known}"
            );
            return self.refuse(span, message);
        }
        if function.over.is_some() {
            return self.refuse(span, "OVER is not supported yet; aggregate in a window instead");
        }
        if function.null_treatment.is_some() || !function.within_group.is_empty() {
            return self.refuse(span, "IGNORE NULLS, RESPECT NULLS and WITHIN GROUP are not supported");
        }
        if !matches!(function.parameters, FunctionArguments::None) {
            return self.refuse(span, format!("{name} takes one list of arguments"));
        }
        if let FunctionArguments::List(list) = &function.args {
            if !list.clauses.is_empty() {
                return self.refuse(span, format!("{name} takes arguments only, no clauses inside the brackets"));
            }
            let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            if distinct && !name.eq_ignore_ascii_case("count") {
                return self.refuse(span, "DISTINCT is supported in COUNT(DISTINCT x) only");
            }
        }
        ControlFlow::Continue(())
    }

    fn operator(&self, operator: &BinaryOperator, span: Span) -> Checked {
        use BinaryOperator::{
            And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus, StringConcat,
        };
        match operator {
            Plus | Minus | Multiply | Divide | Modulo | StringConcat | Gt | Lt | GtEq | LtEq | Eq | NotEq | And
            | Or => ControlFlow::Continue(()),
            other => self.refuse(span, format!("the operator {other} is not supported")),
        }
    }
}

impl Visitor for Checker {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &Query) -> Checked {
        let span = query.body.span();
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            return self.refuse(span, "WITH RECURSIVE is not supported");
        }
        if let Some(order) = &query.order_by {
            return self.refuse(order.span(), "ORDER BY is not supported: rows leave in the order of their windows");
        }
        if query.limit_clause.is_some() || query.fetch.is_some() {
            return self.refuse(span, "LIMIT, OFFSET and FETCH are not supported: a stream has no end");
        }
        if !query.locks.is_empty()
            || query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            return self.refuse(span, "write SELECT … FROM … [WHERE …] [GROUP BY …] [HAVING …] and nothing else");
        }
        match &*query.body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(_) => ControlFlow::Continue(()),
            SetExpr::SetOperation { op, .. } => {
                self.refuse(span, format!("{op} is not supported; write two INSERT statements into the same table"))
            }
            _ => self.refuse(span, "write INSERT INTO sink SELECT … FROM …"),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Checked {
        match factor {
            TableFactor::Table { args: None, version: None, sample: None, with_hints, .. } if with_hints.is_empty() => {
                ControlFlow::Continue(())
            }
            TableFactor::Derived { lateral: false, sample: None, .. } => ControlFlow::Continue(()),
            _ => self.refuse(factor.span(), "FROM takes a table, a window over one (TABLE(TUMBLE(…))) or a subquery"),
        }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> Checked {
        let span = expression.span();
        match expression {
            Expr::Function(function) => self.function(function),
            Expr::BinaryOp { op, .. } => self.operator(op, span),
            Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not, .. } => {
                ControlFlow::Continue(())
            }
            Expr::Value(value) => match value.value {
                Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => {
                    ControlFlow::Continue(())
                }
                _ => self.refuse(span, format!("the literal {value} is not supported")),
            },
            Expr::Extract { field, .. } => match field {
                DateTimeField::Year
                | DateTimeField::Quarter
                | DateTimeField::Month
                | DateTimeField::Day
                | DateTimeField::Hour
                | DateTimeField::Minute
                | DateTimeField::Second => ControlFlow::Continue(()),
                other => self.refuse(span, format!("EXTRACT of {other} is not supported")),
            },
            Expr::Ceil { field, .. } | Expr::Floor { field, .. } => match field {
                CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => ControlFlow::Continue(()),
                _ => self.refuse(span, "FLOOR and CEIL of a time are not supported; use a window or DATE_FORMAT"),
            },
            Expr::Trim { trim_what, trim_characters, .. } => match (trim_what.as_deref(), trim_characters) {
                (None, None) => ControlFlow::Continue(()),
                _ => self.refuse(span, "TRIM takes off blanks only: TRIM(x), TRIM(LEADING FROM x)"),
            },
            Expr::Like { any: false, escape_char: None, .. } => ControlFlow::Continue(()),
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Nested(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::Between { .. }
            | Expr::Case { .. }
            | Expr::Cast { array: false, format: None, .. }
            | Expr::Substring { .. }
            | Expr::Position { .. }
            | Expr::TypedString(_)
            | Expr::Interval(_) => ControlFlow::Continue(()),
            other => self.refuse(span, format!("the expression {other} is not supported")),
        }
    }
}

/// Gives number literals Flink's types: INT where the value fits, else BIGINT (which is what DataFusion takes for all);
/// DOUBLE with an exponent (DataFusion takes DECIMAL, which is right for `1.5` only).
fn type_numbers(syntax: &mut impl VisitMut) {
    let ControlFlow::Continue(()) = syntax.visit(&mut NumberTyper);
}

/// Names the nameless columns `EXPR$0`, … as Flink does: DataFusion wants them unique. The outermost SELECT goes into the
/// sink by position, so there every column may take such a name.
fn name_items(query: &mut Query) {
    if let SetExpr::Select(select) = &mut *query.body {
        name_items_of(select, |_| true);
    }
    let ControlFlow::Continue(()) = query.visit(&mut ItemNamer);
}

fn name_items_of(select: &mut Select, nameless: fn(&Expr) -> bool) {
    for (index, item) in select.projection.iter_mut().enumerate() {
        if let SelectItem::UnnamedExpr(expression) = item
            && nameless(expression)
        {
            let expr = std::mem::replace(expression, Expr::Identifier(Ident::new("")));
            *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', format!("EXPR${index}")) };
        }
    }
}

struct ItemNamer;

impl VisitorMut for ItemNamer {
    type Break = std::convert::Infallible;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        name_items_of(select, |expression| !matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_)));
        ControlFlow::Continue(())
    }
}

struct NumberTyper;

impl VisitorMut for NumberTyper {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Self::Break> {
        let Expr::Value(value) = expression else { return ControlFlow::Continue(()) };
        let Value::Number(digits, _) = &value.value else { return ControlFlow::Continue(()) };
        let (literal, data_type) = if digits.parse::<i32>().is_ok() {
            (value.value.clone(), AstType::Int(None))
        } else if digits.contains(['e', 'E']) {
            (Value::SingleQuotedString(digits.clone()), AstType::Double(ExactNumberInfo::None))
        } else {
            return ControlFlow::Continue(());
        };
        let expr = Box::new(Expr::Value(literal.with_span(value.span)));
        *expression = Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None };
        ControlFlow::Continue(())
    }
}
