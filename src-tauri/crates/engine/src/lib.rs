//! The one loop that owns the live plant and publishes it.
