//! The machine's clocks, read in one place.

use std::time::Duration;

use model::{Clock, Now, Timestamp, Uptime};
use rustix::time::{ClockId, clock_gettime};

/// The program's one clock: wall time (CLOCK_REALTIME) for stamps and CLOCK_BOOTTIME for ages, because the monotonic
/// clock behind `std::time::Instant` stands still while a laptop sleeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = clock_gettime(ClockId::Realtime);
        let boot = clock_gettime(ClockId::Boottime);
        Now {
            wall: Timestamp::from_millis(wall.tv_sec.saturating_mul(1_000).saturating_add(wall.tv_nsec / 1_000_000)),
            uptime: Uptime::from_duration(Duration::new(
                u64::try_from(boot.tv_sec).unwrap_or_default(),
                u32::try_from(boot.tv_nsec).unwrap_or_default(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_moves_forward_and_wall_time_is_plausible() {
        let first = SystemClock.now();
        std::thread::sleep(Duration::from_millis(2));
        let second = SystemClock.now();
        assert!(second.uptime.since(first.uptime) >= Duration::from_millis(2));
        assert!(first.wall.millis() > 1_600_000_000_000, "a machine that runs this was set after 2020");
    }
}
