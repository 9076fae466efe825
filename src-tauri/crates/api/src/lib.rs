//! The contract with every user interface.
