//! One fault from its beginning to its end.

use std::time::Duration;

use aegis_domain::Actor;
use aegis_sdk::Operator;
use aegis_testkit::Direction;

use crate::caller::Owners;
use crate::disk;
use crate::member::SERVICE;
use crate::sabotage::PULSE;
use crate::schedule::{Act, Step, Target};
use crate::stage::{Member, Stage};

/// The text that every connection's name contains.
const ALL: &str = "";
/// How long a clean end may take before the member is killed.
const GRACE: Duration = Duration::from_secs(3);

/// Applies the fault, and takes it back when its time is over. Says whether there was anybody to befall.
pub(crate) async fn befall(stage: &Stage, owners: &Owners, step: Step) -> bool {
    let time = Duration::from_millis(step.for_ms);
    let member = match step.target {
        Target::Server => return befall_server(stage, step.act, time).await,
        Target::Member(index) => stage.members.get(index),
        Target::OwnerOf(group) => owners.of(group).and_then(|name| stage.member(&name)),
    };
    let Some(member) = member else { return false };
    if let (Target::OwnerOf(group), Act::StepDown(to)) = (step.target, step.act) {
        return ask_to_step_down(stage, group, to).await;
    }
    befall_member(stage, member, step.act, time).await
}

async fn befall_server(stage: &Stage, act: Act, time: Duration) -> bool {
    match act {
        Act::Restart => {
            let Ok(_outage) = stage.outage.try_lock() else { return false };
            stage.server.kill();
            tokio::time::sleep(time).await;
            stage.server.restart().await;
        }
        Act::LameDuck => {
            let Ok(_outage) = stage.outage.try_lock() else { return false };
            stage.server.lame_duck();
            tokio::time::sleep(time).await;
            stage.server.restart().await;
        }
        Act::SlowDisk => disk::keep_busy(stage.server.data_dir(), time).await,
        Act::Kill
        | Act::Suspend
        | Act::Terminate
        | Act::Drain
        | Act::StepDown(_)
        | Act::Cut
        | Act::CutPulse
        | Act::DeafPulse
        | Act::Delay(_)
        | Act::DelayPulse(_)
        | Act::PanicPulse
        | Act::Drop => return false,
    }
    true
}

async fn befall_member(stage: &Stage, member: &Member, act: Act, time: Duration) -> bool {
    let Some(process) = member.process().filter(|process| process.exit_status().is_none()) else {
        return false;
    };
    let proxy = &member.proxy;
    match act {
        Act::Kill => {
            process.kill();
            tokio::time::sleep(time).await;
            stage.start(member);
        }
        Act::Suspend => {
            process.pause();
            tokio::time::sleep(time).await;
            process.resume();
        }
        Act::Terminate => {
            process.terminate();
            member.ended(GRACE).await;
            stage.start(member);
        }
        Act::Drain => {
            let operator = Operator::new(&stage.connection, Actor::user("chaos"));
            let (Ok(service), Ok(instance)) = (SERVICE.parse(), member.name.parse()) else { return false };
            let asked = tokio::time::timeout(GRACE, operator.drain(&service, &instance, "chaos")).await;
            if !matches!(asked, Ok(Ok(_))) {
                return false;
            }
            member.ended(GRACE).await;
            stage.start(member);
        }
        Act::Cut => {
            proxy.cut_named(ALL);
            tokio::time::sleep(time).await;
            proxy.pass_named(ALL);
        }
        Act::CutPulse => {
            proxy.cut_named(PULSE);
            tokio::time::sleep(time).await;
            proxy.pass_named(PULSE);
        }
        Act::DeafPulse => {
            proxy.cut_one_way(PULSE, Direction::ToClient);
            tokio::time::sleep(time).await;
            proxy.pass_named(PULSE);
        }
        Act::Delay(ms) => {
            proxy.delay(Duration::from_millis(ms));
            tokio::time::sleep(time).await;
            proxy.pass_named(ALL);
        }
        Act::DelayPulse(ms) => {
            proxy.delay_named(PULSE, Duration::from_millis(ms));
            tokio::time::sleep(time).await;
            proxy.pass_named(PULSE);
        }
        Act::Drop => proxy.drop_connections(),
        Act::PanicPulse => {
            let subject = format!("aegis.control.{SERVICE}.{}", member.name);
            let planted = r#"{"request":"panic"}"#;
            return stage.connection.client().publish(subject, planted.into()).await.is_ok();
        }
        Act::Restart | Act::LameDuck | Act::SlowDisk | Act::StepDown(_) => return false,
    }
    true
}

/// Says whether the group was handed over; mostly because of another fault, it may not be.
async fn ask_to_step_down(stage: &Stage, group: usize, to: Option<usize>) -> bool {
    let operator = Operator::new(&stage.connection, Actor::user("chaos"));
    let to = to.and_then(|index| stage.members.get(index)?.name.parse().ok());
    let (Ok(service), Ok(group)) = (SERVICE.parse(), crate::member::group(group).parse()) else {
        return false;
    };
    let asked = operator.step_down(&service, &group, to.as_ref(), "chaos");
    matches!(tokio::time::timeout(GRACE, asked).await, Ok(Ok(_)))
}
