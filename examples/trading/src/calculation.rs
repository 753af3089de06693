//! Calculations that any instance can do.

use std::future::ready;

use aegis_sdk::{Fault, Service};

use crate::cli::ServiceArgs;
use crate::wire::{CALCULATION, MovingAverage, PositionValue, Value};

/// One call must not keep an instance busy for long.
const MAX_PRICES: usize = 10_000;

pub(crate) async fn run(args: &ServiceArgs) -> anyhow::Result<()> {
    let service = Service::builder(args.config(CALCULATION)?)
        .rpc("moving_average", |_call, asked: MovingAverage| ready(moving_average(&asked)))
        .rpc("position_value", |_call, asked: PositionValue| ready(position_value(&asked)))
        .start()
        .await?;
    tracing::info!("serving");
    Ok(service.run_until_signal().await?)
}

fn moving_average(asked: &MovingAverage) -> Result<Value, Fault> {
    let (window, count) = (asked.window, asked.prices.len());
    if count > MAX_PRICES {
        return Err(Fault::new(
            "TOO_MANY_PRICES",
            format!("{count} prices were sent: send at most {MAX_PRICES}"),
        ));
    }
    if window == 0 {
        return Err(Fault::new("INVALID_WINDOW", "the window is 0: use 1 or more"));
    }
    if count < window {
        let message = format!("{count} prices were sent for a window of {window}: send at least as many");
        return Err(Fault::new("NOT_ENOUGH_PRICES", message));
    }
    let latest = &asked.prices[count - window..];
    if let Some(price) = latest.iter().find(|price| !is_price(**price)) {
        return Err(invalid_price(*price));
    }
    let mean = latest.iter().zip(1_u32..).fold(0.0, |mean, (price, n)| mean + (price - mean) / f64::from(n));
    Ok(Value { value: mean })
}

fn position_value(asked: &PositionValue) -> Result<Value, Fault> {
    if !is_price(asked.price) {
        return Err(invalid_price(asked.price));
    }
    let volume = i32::try_from(asked.volume)
        .map_err(|_over| Fault::new("INVALID_VOLUME", format!("{} is too large a volume", asked.volume)))?;
    Ok(Value { value: f64::from(volume) * asked.price })
}

fn is_price(price: f64) -> bool {
    price.is_finite() && price > 0.0
}

fn invalid_price(price: f64) -> Fault {
    Fault::new("INVALID_PRICE", format!("{price} is no price: use a number above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<Value, Fault>) -> String {
        result.unwrap_err().code().to_owned()
    }

    #[test]
    fn the_average_is_that_of_the_latest_prices() {
        let asked = MovingAverage { window: 2, prices: vec![100.0, 1.0, 2.0] };
        assert!((moving_average(&asked).unwrap().value - 1.5).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_calculated_is_refused_with_its_code() {
        let average =
            |window, prices: &[f64]| moving_average(&MovingAverage { window, prices: prices.to_vec() });
        assert_eq!(code(average(0, &[1.0])), "INVALID_WINDOW");
        assert_eq!(code(average(2, &[1.0])), "NOT_ENOUGH_PRICES");
        assert_eq!(code(average(1, &[-1.0])), "INVALID_PRICE");
        assert_eq!(code(average(1, &vec![1.0; MAX_PRICES + 1])), "TOO_MANY_PRICES");
        assert_eq!(code(position_value(&PositionValue { volume: 1, price: 0.0 })), "INVALID_PRICE");
        assert_eq!(code(position_value(&PositionValue { volume: i64::MAX, price: 1.0 })), "INVALID_VOLUME");
    }

    #[test]
    fn a_short_position_has_a_negative_value() {
        let value = position_value(&PositionValue { volume: -3, price: 2.0 }).unwrap().value;
        assert!((value + 6.0).abs() < 1e-12);
    }
}
