//! Tiny ELF files: the tables that an audit reads, and nothing that could run.

use object::elf;
use object::write::StringId;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Writer};
use xb_core::Arch;

/// What a tiny ELF file is to say.
#[derive(Clone, Debug)]
pub struct Tiny {
    machine: elf::Machine,
    is_64: bool,
    endian: object::Endianness,
    kind: elf::FileType,
    interpreter: Option<String>,
    dynamic: Vec<(elf::DynamicTag, String)>,
    flags: Option<u64>,
    note: Option<Vec<u8>>,
    sections: Vec<Section>,
}

/// A section, and what its header says beside its place.
#[derive(Clone, Debug)]
struct Section {
    name: String,
    kind: elf::SectionType,
    flags: elf::SectionFlags,
    link: u32,
    data: Vec<u8>,
}

fn tiny(arch: Arch, kind: elf::FileType) -> Tiny {
    Tiny {
        machine: elf::Machine(arch.elf_machine()),
        is_64: true,
        endian: object::Endianness::Little,
        kind,
        interpreter: None,
        dynamic: Vec::new(),
        flags: None,
        note: None,
        sections: Vec::new(),
    }
}

/// The loader of an architecture.
pub fn loader(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "/lib64/ld-linux-x86-64.so.2",
        Arch::Arm64 => "/lib/ld-linux-aarch64.so.1",
    }
}

/// A program that needs libraries.
pub fn program(arch: Arch, needed: &[&str]) -> Tiny {
    let mut program = tiny(arch, elf::ET_DYN);
    program.interpreter = Some(loader(arch).to_owned());
    program.needing(needed)
}

/// A library that needs libraries.
pub fn library(arch: Arch, soname: &str, needed: &[&str]) -> Tiny {
    tiny(arch, elf::ET_DYN).with(elf::DT_SONAME, soname).needing(needed)
}

/// An object that is not linked yet.
pub fn object(arch: Arch) -> Tiny {
    tiny(arch, elf::ET_REL)
}

impl Tiny {
    fn with(mut self, tag: elf::DynamicTag, value: &str) -> Self {
        self.dynamic.push((tag, value.to_owned()));
        self
    }

    fn needing(self, needed: &[&str]) -> Self {
        needed.iter().fold(self, |tiny, name| tiny.with(elf::DT_NEEDED, name))
    }

    pub fn rpath(self, path: &str) -> Self {
        self.with(elf::DT_RPATH, path)
    }

    pub fn runpath(self, path: &str) -> Self {
        self.with(elf::DT_RUNPATH, path)
    }

    pub fn interpreter(mut self, path: &str) -> Self {
        self.interpreter = Some(path.to_owned());
        self
    }

    pub fn flags(mut self, flags: u64) -> Self {
        self.flags = Some(flags);
        self
    }

    pub fn machine(mut self, machine: elf::Machine) -> Self {
        self.machine = machine;
        self
    }

    pub fn of_32_bits(mut self) -> Self {
        self.is_64 = false;
        self
    }

    pub fn big_endian(mut self) -> Self {
        self.endian = object::Endianness::Big;
        self
    }

    pub fn section(self, name: &str, data: &[u8]) -> Self {
        self.with_section(name, elf::SHT_PROGBITS, elf::SectionFlags(0), data)
    }

    fn with_section(mut self, name: &str, kind: elf::SectionType, flags: elf::SectionFlags, data: &[u8]) -> Self {
        // What a table of symbols is linked to is the section after it, and sections count from one.
        let link = if kind == elf::SHT_SYMTAB { self.sections.len() as u32 + 2 } else { 0 };
        self.sections.push(Section { name: name.to_owned(), kind, flags, link, data: data.to_vec() });
        self
    }

    /// Code in functions, and a table of their names.
    pub fn code(self, functions: &[(&str, &[u32])]) -> Self {
        let text = self.sections.len() as u16 + 1;
        let (mut code, mut names, mut symbols) = (Vec::new(), vec![0], vec![0; 24]);
        for (name, words) in functions {
            symbols.extend((names.len() as u32).to_le_bytes());
            symbols.extend([elf::STT_FUNC.0, 0]);
            symbols.extend(text.to_le_bytes());
            symbols.extend((code.len() as u64).to_le_bytes());
            symbols.extend((words.len() as u64 * 4).to_le_bytes());
            names.extend(name.bytes().chain([0]));
            code.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        let is_code = elf::SectionFlags(elf::SHF_ALLOC.0 | elf::SHF_EXECINSTR.0);
        self.with_section(".text", elf::SHT_PROGBITS, is_code, &code)
            .with_section(".symtab", elf::SHT_SYMTAB, elf::SectionFlags(0), &symbols)
            .with_section(".strtab", elf::SHT_STRTAB, elf::SectionFlags(0), &names)
    }

    /// Notes the levels of x86-64 that are needed, as bits.
    pub fn needs_isa(mut self, bits: u32) -> Self {
        let words = [4, 16, elf::NT_GNU_PROPERTY_TYPE_0.0, u32::from_le_bytes(*b"GNU\0"), 0xc000_8002, 4, bits, 0];
        self.note = Some(words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect());
        self
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).expect("a tiny file fits");
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) -> object::write::Result<()> {
        let mut writer = Writer::new(self.endian, self.is_64, bytes);
        let interpreter = self.interpreter.as_ref().map(|path| format!("{path}\0").into_bytes());
        let strings: Vec<(elf::DynamicTag, StringId)> =
            self.dynamic.iter().map(|(tag, value)| (*tag, writer.add_dynamic_string(value.as_bytes()))).collect();
        let names: Vec<StringId> =
            self.sections.iter().map(|one| writer.add_section_name(one.name.as_bytes())).collect();
        let is_linked = self.kind != elf::ET_REL;

        writer.reserve_file_header();
        if is_linked {
            let segments = 1 + [interpreter.is_some(), !strings.is_empty(), self.note.is_some()]
                .map(u32::from)
                .iter()
                .sum::<u32>();
            writer.reserve_program_headers(segments);
        }
        let interpreter_at = interpreter.as_ref().map(|path| writer.reserve(path.len() as u64, 1));
        let note_at = self.note.as_ref().map(|note| writer.reserve(note.len() as u64, 8));
        let strings_at = writer.reserve_dynstr()?;
        let entries = if strings.is_empty() { 0 } else { strings.len() + 3 + usize::from(self.flags.is_some()) };
        let dynamic_at = writer.reserve_dynamic(entries);
        let sections_at: Vec<u64> = self.sections.iter().map(|one| writer.reserve(one.data.len() as u64, 8)).collect();
        for _ in &self.sections {
            writer.reserve_section_index();
        }
        let has_note_section = self.note.is_some() && !is_linked;
        if has_note_section {
            writer.reserve_section_index();
        }
        writer.reserve_shstrtab_section_index();
        writer.reserve_shstrtab()?;
        writer.reserve_section_headers();
        let end = writer.reserved_len();

        writer.write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: self.kind,
            e_machine: self.machine,
            e_entry: 0,
            e_flags: elf::FileFlags(0),
        })?;
        if is_linked {
            writer.write_align_program_headers();
            let mut segment = |kind, offset, size, align| {
                writer.write_program_header(&ProgramHeader {
                    p_type: kind,
                    p_flags: elf::PF_R,
                    p_offset: offset,
                    p_vaddr: offset,
                    p_paddr: offset,
                    p_filesz: size,
                    p_memsz: size,
                    p_align: align,
                });
            };
            segment(elf::PT_LOAD, 0, end, 4096);
            if let (Some(at), Some(path)) = (interpreter_at, &interpreter) {
                segment(elf::PT_INTERP, at, path.len() as u64, 1);
            }
            if let (Some(at), Some(note)) = (note_at, &self.note) {
                segment(elf::PT_NOTE, at, note.len() as u64, 8);
            }
            if entries > 0 {
                segment(elf::PT_DYNAMIC, dynamic_at, entries as u64 * if self.is_64 { 16 } else { 8 }, 8);
            }
        }
        if let Some(path) = &interpreter {
            writer.write(path);
        }
        if let (Some(at), Some(note)) = (note_at, &self.note) {
            writer.pad_until(at);
            writer.write(note);
        }
        writer.write_dynstr();
        if entries > 0 {
            writer.pad_until(dynamic_at);
            for (tag, id) in strings {
                writer.write_dynamic_string(tag, id)?;
            }
            if let Some(flags) = self.flags {
                writer.write_dynamic(elf::DT_FLAGS_1, flags)?;
            }
            writer.write_dynamic(elf::DT_STRTAB, strings_at)?;
            writer.write_dynamic(elf::DT_STRSZ, u64::from(writer.dynstr_len()))?;
            writer.write_dynamic(elf::DT_NULL, 0)?;
        }
        for (one, at) in self.sections.iter().zip(&sections_at) {
            writer.pad_until(*at);
            writer.write(&one.data);
        }
        writer.write_shstrtab();
        writer.write_null_section_header();
        for ((id, at), one) in names.iter().zip(sections_at).zip(&self.sections) {
            let name = writer.section_name_offset(Some(*id));
            writer.write_section_header(&SectionHeader {
                sh_flags: one.flags,
                sh_link: one.link,
                sh_entsize: if one.kind == elf::SHT_SYMTAB { 24 } else { 0 },
                ..section(name, one.kind, at, one.data.len() as u64)
            });
        }
        if let (true, Some(at), Some(note)) = (has_note_section, note_at, &self.note) {
            writer.write_section_header(&section(0, elf::SHT_NOTE, at, note.len() as u64));
        }
        writer.write_shstrtab_section_header();
        Ok(())
    }
}

fn section(name: u32, kind: elf::SectionType, offset: u64, size: u64) -> SectionHeader {
    SectionHeader {
        sh_name: name,
        sh_type: kind,
        sh_flags: elf::SectionFlags(0),
        sh_addr: 0,
        sh_offset: offset,
        sh_size: size,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: 8,
        sh_entsize: 0,
    }
}

/// A static archive of members.
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, data) in members {
        let name = format!("{name}/");
        archive.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, data.len()).bytes());
        archive.extend_from_slice(data);
        if data.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}
