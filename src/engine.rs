//! Opens a project.
