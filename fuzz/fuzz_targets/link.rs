//! Whatever a NATS server sends on the sockets of calls is read or refused, in whatever pieces it comes.
#![no_main]

use aegis_sdk::fuzzing::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    read(bytes, usize::from(cut));
});
