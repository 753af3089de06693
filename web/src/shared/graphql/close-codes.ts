/** What a websocket is closed with when the session is over. */
export const UNAUTHORIZED = 4401;
