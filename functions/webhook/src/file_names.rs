//! Compares the names of files of an archive with those that the provider has for the same files.

use std::collections::HashMap;

use archive::safe_file_names;

/// A set of file names without their folders, each as often as it occurs.
#[derive(Debug, Default)]
pub(crate) struct FileNames(HashMap<String, usize>);

impl FileNames {
    /// Removes one occurrence of a name. Returns whether there was one.
    pub(crate) fn take(&mut self, name: &str) -> bool {
        match self.0.get_mut(&comparable(name)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            Some(_) | None => false,
        }
    }
}

impl<'a> FromIterator<&'a str> for FileNames {
    fn from_iter<T: IntoIterator<Item = &'a str>>(names: T) -> Self {
        let mut counts = HashMap::new();
        for name in names {
            *counts.entry(comparable(name)).or_default() += 1;
        }
        Self(counts)
    }
}

/// The last segment of a name, made safe as the names of files in the bucket are, in lower case.
fn comparable(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    safe_file_names([last]).pop().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_often_as_it_occurs_whatever_its_folder_and_case() {
        let mut names: FileNames = ["a/x.png", "b/X.png", "y.png"].into_iter().collect();
        assert!(names.take("x.png") && names.take("x.PNG") && !names.take("x.png"));
        assert!(names.take("z/y.png") && !names.take("y.png"));
    }
}
