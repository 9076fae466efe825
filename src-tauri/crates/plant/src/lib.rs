//! The plant file: a document in, a resolved plant and a list of problems out.
