//! Honest machines, and others.

use std::os::unix::fs::FileExt;

use super::*;
use crate::disks::{self, BLOCK};

fn tar_of(add: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    add(&mut builder);
    builder.into_inner().unwrap()
}

fn file(builder: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32) {
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    header.set_mode(mode);
    builder.append_data(&mut header, name, &b"hi"[..]).unwrap();
}

fn check(list: &[u8], tree: &[u8], code: i32) -> Result<Output, String> {
    check_sizes(list, tree, (list.len() as u64, tree.len() as u64, code))
}

fn check_sizes(list: &[u8], tree: &[u8], said: (u64, u64, i32)) -> Result<Output, String> {
    let folder = tempfile::tempdir().unwrap();
    let store = xb_store::Store::open(&folder.path().join("store")).unwrap();
    let (_, mut outputs) = disks::make(folder.path()).unwrap();
    let disk = std::fs::File::options().write(true).open(disks::path(folder.path(), "outputs")).unwrap();
    disk.write_all_at(list, 0).unwrap();
    disk.write_all_at(tree, if list.is_empty() { 0 } else { BLOCK }).unwrap();
    take(&mut outputs, said, 1 << 20, &store).map_err(|failed| match failed {
        Failed::Lost(Lost(why)) | Failed::Unable(why) | Failed::Store(why) => why,
    })
}

fn taken(list: &[u8], tree: &[u8]) -> Taken {
    match check(list, tree, 0) {
        Ok(Output::Taken(taken)) => taken,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(output: Result<Output, String>, reason: &str) {
    assert!(matches!(&output, Ok(Output::Refused(_, why)) if why.contains(reason)), "{output:?}");
}

#[test]
fn an_honest_output_becomes_a_tree() {
    let tree = tar_of(|builder| {
        file(builder, "./a", 0o644);
        file(builder, "./set", 0o4755);
    });
    let taken = taken(b"/xb/out\0./pipe\0./../up\0./a\xff\0", &tree);
    assert_eq!((taken.path.as_str(), taken.left_out), ("xb/out", vec!["pipe".to_owned()]));
}

#[test]
fn only_who_looked_for_a_folder_and_found_none_says_that_there_is_none() {
    assert_eq!(check(b"", b"", 1), Ok(Output::Missing));
    assert!(check(b"", b"", 127).unwrap_err().contains("nonsense"));
    assert!(check(b"", &tar_of(|_| {}), 0).unwrap_err().contains("nonsense"));
}

#[test]
fn what_a_command_left_costs_no_machine() {
    let whole = tar_of(|builder| file(builder, "./a", 0o644));
    refused(check(b"/o\0", &whole[..512], 1), "exit code 1");
    refused(check(b"/o\xff\0", &whole, 0), "UTF-8");
    refused(check_sizes(b"/o\0", &whole, (LONGEST_LIST + 1, 1536, 0)), "too many pipes");
    refused(check_sizes(b"/o\0", &whole, (3, OUTPUTS, 0)), "64 GB");
    refused(check_sizes(b"/o\0", &whole, (3, u64::MAX, 137)), "exit code 137");
}

#[test]
fn owners_may_read_what_is_theirs_as_in_a_folder_of_this_machine() {
    let tree = |of_file, of_folder| {
        let tree = tar_of(|builder| {
            file(builder, "./set", of_file);
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Directory);
            header.set_size(0);
            header.set_mode(of_folder);
            builder.append_data(&mut header, "./shut/", &b""[..]).unwrap();
        });
        taken(b"/o\0", &tree).tree
    };
    assert_eq!(tree(0o4111, 0o2055), tree(0o4511, 0o2755));
    assert_ne!(tree(0o4111, 0o2055), tree(0o4111, 0o0055));
}

#[test]
fn a_pipe_and_a_device_are_left_out_and_links_kept() {
    let tree = tar_of(|builder| {
        for (name, kind) in [("./p", tar::EntryType::Fifo), ("./d", tar::EntryType::Char)] {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_size(0);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, &b""[..]).unwrap();
        }
    });
    assert_eq!(taken(b"/o\0", &tree).tree, taken(b"/o\0", &tar_of(|_| {})).tree);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../../etc/passwd", "/etc/passwd", "a/../../b"] {
        let tree = tar_of(|builder| {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(2);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, &b"hi"[..]).unwrap();
        });
        refused(check(b"/o\0", &tree, 0), "name");
    }
}

#[test]
fn what_is_cut_or_says_so_is_nonsense() {
    let whole = tar_of(|builder| file(builder, "./a", 0o644));
    for (list, tree, code) in [
        (&b"/o\0"[..], &whole[..512], 0),
        (b"/o\0", &whole[..1024], 0),
        (b"/o", &whole, 0),
        (b"o\0", &whole, 0),
        (b"/../o\0", &whole, 0),
        (b"/o\0", b"", 0),
    ] {
        let why = check(list, tree, code).unwrap_err();
        assert!(why.contains("nonsense"), "{why}");
    }
}

#[test]
fn no_more_is_taken_than_may_be_written() {
    let tree = tar_of(|builder| {
        let mut header = tar::Header::new_ustar();
        header.set_size(2 << 20);
        header.set_mode(0o644);
        builder.append_data(&mut header, "./a", &vec![1; 2 << 20][..]).unwrap();
    });
    refused(check(b"/o\0", &tree, 0), "more than");
}
