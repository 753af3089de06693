//! Which orders are accepted, and at what price they are executed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aegis_sdk::Fault;

use crate::wire::{Order, OrderType, Tick};

const MAX_VOLUME: i64 = 1_000_000;
const MAX_NAME: usize = 32;
/// Symbols whose latest price is kept; more than any demonstration has.
const MAX_SYMBOLS: usize = 1_000;

/// The latest price of each symbol, as this instance has heard it.
#[derive(Debug, Default)]
pub(crate) struct LatestPrices {
    by_symbol: Mutex<HashMap<String, f64>>,
}

impl LatestPrices {
    pub(crate) fn note(&self, tick: Tick) {
        let mut prices = self.by_symbol.lock().unwrap_or_else(PoisonError::into_inner);
        if is_price(tick.price) && (prices.len() < MAX_SYMBOLS || prices.contains_key(&tick.symbol)) {
            prices.insert(tick.symbol, tick.price);
        }
    }

    /// The price at which a valid order is executed. The demonstration's exchange always finds a
    /// counterparty: a limit order is filled at its limit, a market order at the latest price.
    pub(crate) fn execution_price(&self, order: &Order) -> Result<f64, Fault> {
        validate(order)?;
        let price = match order.order_type {
            OrderType::Limit => order.price,
            OrderType::Market => self.latest(&order.symbol).or(order.price),
        };
        price.ok_or_else(|| match order.order_type {
            OrderType::Limit => Fault::new("PRICE_REQUIRED", "a limit order needs a price"),
            OrderType::Market => {
                let message =
                    format!("no price of {} is known: start market data, or give a price", order.symbol);
                Fault::new("NO_MARKET_PRICE", message)
            }
        })
    }

    fn latest(&self, symbol: &str) -> Option<f64> {
        self.by_symbol.lock().unwrap_or_else(PoisonError::into_inner).get(symbol).copied()
    }
}

fn validate(order: &Order) -> Result<(), Fault> {
    for (code, value) in [("INVALID_SYMBOL", &order.symbol), ("INVALID_EXCHANGE", &order.exchange)] {
        if !is_name(value) {
            let message = format!("use 1 to {MAX_NAME} letters, digits, '.', '-' or '_'");
            return Err(Fault::new(code, message));
        }
    }
    if !(1..=MAX_VOLUME).contains(&order.volume) {
        let message = format!("the volume is {}: use 1 to {MAX_VOLUME}", order.volume);
        return Err(Fault::new("INVALID_VOLUME", message));
    }
    match order.price {
        Some(price) if !is_price(price) => {
            Err(Fault::new("INVALID_PRICE", format!("the price is {price}: use a number above 0")))
        }
        Some(_) | None => Ok(()),
    }
}

fn is_price(price: f64) -> bool {
    price.is_finite() && price > 0.0
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Direction;

    fn limit() -> Order {
        Order {
            symbol: "EURUSD".to_owned(),
            exchange: "ECB".to_owned(),
            direction: Direction::Buy,
            order_type: OrderType::Limit,
            volume: 1,
            price: Some(1.1),
        }
    }

    fn code(order: &Order) -> String {
        LatestPrices::default().execution_price(order).unwrap_err().code().to_owned()
    }

    #[test]
    fn each_bad_order_has_its_code() {
        for volume in [0, -1, MAX_VOLUME + 1] {
            assert_eq!(code(&Order { volume, ..limit() }), "INVALID_VOLUME");
        }
        for price in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(code(&Order { price: Some(price), ..limit() }), "INVALID_PRICE");
        }
        assert_eq!(code(&Order { price: None, ..limit() }), "PRICE_REQUIRED");
        assert_eq!(code(&Order { symbol: "EUR USD".to_owned(), ..limit() }), "INVALID_SYMBOL");
        assert_eq!(code(&Order { exchange: String::new(), ..limit() }), "INVALID_EXCHANGE");
        assert_eq!(code(&Order { price: None, order_type: OrderType::Market, ..limit() }), "NO_MARKET_PRICE");
    }

    #[test]
    fn a_market_order_takes_the_latest_price_and_a_limit_order_its_own() {
        let prices = LatestPrices::default();
        let market = Order { order_type: OrderType::Market, ..limit() };
        let at = |order, price: f64| (prices.execution_price(order).unwrap() - price).abs() < 1e-12;
        assert!(at(&market, 1.1), "without a tick the sender's price counts");
        let tick = Tick {
            symbol: "EURUSD".to_owned(),
            exchange: "ECB".to_owned(),
            price: 1.2,
            sequence: 1,
            time_ms: 0,
        };
        prices.note(tick);
        assert!(at(&market, 1.2));
        assert!(at(&limit(), 1.1));
    }

    #[test]
    fn a_misspelt_field_is_no_order() {
        let text = r#"{"symbol":"S","exchange":"E","direction":"BUY","type":"MARKET","volume":1,"prise":2}"#;
        assert!(serde_json::from_str::<Order>(text).unwrap_err().to_string().contains("prise"));
    }
}
