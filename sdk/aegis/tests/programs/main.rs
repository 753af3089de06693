//! The programs of `sdk/aegis/examples`, run as a user runs them: each as a process of its own on a real NATS server.
//!
//! They are to be built before: `cargo build -p aegis-sdk --examples`. `cargo xtask test` does.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod calls;
mod contents;
mod groups;
mod kept;
mod life;
mod program;

use aegis_testkit::NatsServer;

/// A test for each program: its name, the program, and what is done with it.
macro_rules! runs {
    ($($test:ident: $program:literal, $run:path;)+) => {
        /// The programs that are run here.
        const RUN: &[&str] = &[$($program),+];

        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $run(NatsServer::start().await).await;
            }
        )+
    };
}

runs! {
    a_first_service_answers_and_leaves_when_it_is_asked_to: "first_service", life::first_service;
    a_configuration_is_read_from_file_and_environment: "configuration", life::configuration;
    hooks_run_in_order_and_a_check_makes_the_instance_unhealthy: "lifecycle", life::lifecycle;
    one_trace_goes_through_both_services_and_all_is_counted: "observability", life::observability;
    a_handler_is_tried_alone_and_the_contract_holds: "testing", life::testing;
    callers_are_told_what_a_handler_refuses: "handlers", calls::handlers;
    an_echo_is_heard_word_by_word: "echo", calls::echo;
    a_client_calls_what_it_is_told_to: "client", calls::client;
    instances_share_calls_while_one_leaves: "balanced", calls::balanced;
    a_load_is_measured_without_failures: "load", calls::load;
    each_strategy_finds_its_instances: "discovery", calls::discovery;
    bulkhead_and_breaker_refuse_without_sending: "resilience", calls::resilience;
    events_are_handled_in_order_and_poison_becomes_a_dead_letter: "events", kept::events;
    commands_tell_their_progress_and_can_be_called_off: "commands", kept::commands;
    a_reader_goes_on_behind_its_checkpoint: "streams", kept::streams;
    a_ledger_books_what_its_balance_allows: "ledger", kept::ledger;
    a_killed_owner_is_replaced: "single_active", groups::single_active;
}
