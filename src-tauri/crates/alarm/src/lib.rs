//! What an alarm is and how it changes, designed along ISA-18.2.
