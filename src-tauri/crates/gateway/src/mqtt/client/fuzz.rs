//! A broker's stream, as whatever bytes.

use bytes::BytesMut;

use super::sieve::{Dialect, Oversize, Sieve};

/// A broker's stream, cut into pieces by the first byte, in the version that the second one says. However it is cut, the same
/// is seen of it.
pub fn mqtt_sieve(data: &[u8]) {
    const LIMIT: usize = 64;
    let [cut, version, stream @ ..] = data else { return };
    let cut = usize::from(*cut).max(1);
    let dialect = if version % 2 == 0 { Dialect::V3 } else { Dialect::V5 };
    let sifted = |cut: usize| {
        let oversize = Oversize::default();
        let mut sieve = Sieve::new(dialect, LIMIT, oversize.clone());
        let mut seen = BytesMut::new();
        stream.chunks(cut).for_each(|piece| sieve.feed(piece, &mut seen));
        let sizes: Vec<_> = (0..64).map(|place| oversize.take(place)).collect();
        (seen, sizes)
    };
    let whole = sifted(stream.len().max(1));
    assert!(whole.0.len() <= 2 * stream.len(), "hardly anything is added: the empty properties of MQTT 5");
    assert!(whole.1.iter().flatten().all(|size| *size > LIMIT), "only what is too large is shortened: {:?}", whole.1);
    assert_eq!(sifted(cut), whole, "cut into pieces of {cut}");
}
