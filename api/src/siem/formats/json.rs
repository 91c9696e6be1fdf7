//! JSON written straight into a buffer: a value for each of a million events would cost more than all else.

use std::io::Write;

/// An object that is being written. It must be ended.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    any: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, any: false }
    }

    /// `name` is a word, which JSON does not escape.
    fn name(&mut self, name: &'static str) {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_text(value, self.out);
    }

    pub(super) fn text_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn number(&mut self, name: &'static str, value: impl Into<i128>) {
        self.name(name);
        // A Vec takes whatever is written to it.
        let _ = write!(self.out, "{}", value.into());
    }

    pub(super) fn number_if(&mut self, name: &'static str, value: Option<impl Into<i128>>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    pub(super) fn boolean(&mut self, name: &'static str, value: bool) {
        self.json(name, if value { b"true" } else { b"false" });
    }

    /// `json` is JSON.
    pub(super) fn json(&mut self, name: &'static str, json: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(json);
    }

    pub(super) fn texts<'t>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = &'t str>,
    ) {
        self.name(name);
        self.out.push(b'[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            push_text(value, self.out);
        }
        self.out.push(b']');
    }

    /// A list of one object.
    pub(super) fn list_of_one(&mut self, name: &'static str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        self.out.push(b'[');
        let mut only = Object::begin(self.out);
        fill(&mut only);
        only.end();
        self.out.push(b']');
    }

    pub(super) fn object(&mut self, name: &'static str) -> Object<'_> {
        self.name(name);
        Object::begin(self.out)
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}

fn push_text(value: &str, out: &mut Vec<u8>) {
    // A text is always written, and a Vec takes whatever is written to it.
    let _ = serde_json::to_writer(out, value);
}
