// Package archive writes what a component of a macOS package holds: its files as a cpio archive
// (odc, gzip'd), and the Bom, the bill of materials that Installer compares with them. Equal files
// give equal bytes.
package archive

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"path"
	"strings"
)

// File is a file or a folder of a component; it belongs to root:wheel. Name is "." or begins with
// "./". A list has each folder before what is in it.
type File struct {
	Name string
	Mode uint32 // permissions and type, as in stat(2)
	Body []byte
}

// Types of a file, in Mode.
const (
	TypeFolder  = 0o040000
	TypeRegular = 0o100000
)

// IsFolder reports whether it is a folder.
func (f *File) IsFolder() bool { return f.Mode&0o170000 == TypeFolder }

// checkOrder refuses what the two writers could not express: a file without its folder.
func checkOrder(files []File) error {
	folders := map[string]bool{}
	for _, f := range files {
		if f.Name != "." {
			if !strings.HasPrefix(f.Name, "./") || "./"+path.Clean(f.Name) != f.Name {
				return fmt.Errorf("%q: expected a name that begins with ./", f.Name)
			}
			if parent := parentOf(f.Name); !folders[parent] {
				return fmt.Errorf("%q: its folder %q has to stand before it", f.Name, parent)
			}
		}
		if f.IsFolder() {
			folders[f.Name] = true
		}
	}
	return nil
}

// parentOf returns the folder that a name is in, in the same form.
func parentOf(name string) string {
	if parent := path.Dir(name); parent != "." {
		return "./" + parent
	}
	return "."
}

// Cpio returns files as a gzip'd cpio archive, with mtime (seconds since 1970) for each of them.
func Cpio(files []File, mtime int64) ([]byte, error) {
	if err := checkOrder(files); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for i, f := range append(files[:len(files):len(files)], File{Name: "TRAILER!!!"}) {
		links := 1
		if f.IsFolder() {
			links = 2
		}
		if len(f.Body) >= 1<<33 { // eleven octal digits
			return nil, fmt.Errorf("%s: %d bytes are too many for cpio", f.Name, len(f.Body))
		}
		fmt.Fprintf(z, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o%s\x00",
			0, i+1, f.Mode, 0, 0, links, 0, mtime, len(f.Name)+1, len(f.Body), f.Name)
		if _, err := z.Write(f.Body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Checksum is what cksum(1) of POSIX prints for b, which a Bom has for each file.
func Checksum(b []byte) uint32 {
	var crc uint32
	for _, x := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^x]
	}
	for n := len(b); n > 0; n >>= 8 {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^byte(n)]
	}
	return ^crc
}

// crcTable is for the polynomial 0x04C11DB7, the highest bit first: hash/crc32 has the other order.
var crcTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04C11DB7
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()
