//! What a policy says about a request.

use super::context::{Context, Resource};
use super::document::{Choice, Policy, Statement};
use super::pattern::{Pattern, fits_ignoring_case};
use super::principal::Met;

/// What one policy says; what several add up to is decided in `auth/caller.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement denies, whatever else is said anywhere.
    Denied,
    /// A statement allows this caller.
    Allowed,
    /// A statement allows the caller's account: its own policies decide whom in it.
    AllowedToAccount,
    /// No statement is about this request.
    Silent,
}

impl Policy {
    /// Decides. A deny wins over any allow, in whatever order they stand.
    pub(crate) fn evaluate(&self, context: &Context<'_>) -> Decision {
        let action = context.action.to_string();
        let mut decision = Decision::Silent;
        for statement in &self.statements {
            let met = statement.meets(context, &action);
            match (met, statement.allows) {
                (Met::No, _) => {}
                (_, false) => return Decision::Denied,
                (Met::InPerson, true) => decision = Decision::Allowed,
                (Met::AsAccount, true) if decision == Decision::Silent => decision = Decision::AllowedToAccount,
                (Met::AsAccount, true) => {}
            }
        }
        decision
    }
}

impl Statement {
    fn meets(&self, context: &Context<'_>, action: &str) -> Met {
        let met = self.principals.as_ref().map_or(Met::InPerson, |principals| principals.meet(context));
        let applies = met != Met::No
            && self.covers_action(action)
            && self.covers_resource(context)
            && self.conditions.iter().all(|condition| condition.holds(context));
        if applies { met } else { Met::No }
    }

    fn covers_action(&self, action: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|pattern| fits_ignoring_case(pattern, action));
        match &self.actions {
            Choice::These(list) => named(list),
            Choice::AllBut(list) => !named(list),
        }
    }

    /// Without `Resource` a statement is about what its policy is attached to.
    fn covers_resource(&self, context: &Context<'_>) -> bool {
        let Some(resources) = &self.resources else { return true };
        match context.resource {
            Resource::Named { arn, .. } => {
                let list = resources.list().iter();
                let fits: Option<Vec<bool>> = list.map(|pattern| pattern.matches(arn, context)).collect();
                let named = fits.map(|fits| fits.contains(&true));
                match resources {
                    Choice::These(_) => named == Some(true),
                    Choice::AllBut(_) => named == Some(false),
                }
            }
            Resource::Unknown if self.allows => match resources {
                Choice::These(list) => list.iter().any(Pattern::is_everything),
                Choice::AllBut(_) => false,
            },
            Resource::Unknown => true,
        }
    }
}
