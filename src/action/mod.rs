//! One command made exact: all that decides its result, walked once, digested or explained.
