package macho

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// small builds a small program for a Mac.
func small(t testing.TB, arch string) []byte {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "program"), source)
	cmd.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "program"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSign signs programs with and without a signature, twice: only the signature may differ, and
// what debug/macho reads stays.
func TestSign(t *testing.T) {
	var slices [][]byte
	for _, arch := range []string{"amd64", "arm64"} {
		b := small(t, arch)
		once, err := Sign(b, Identity{Identifier: "com.example.once"})
		if err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		twice, err := Sign(once, Identity{Identifier: "com.example.program"})
		if err != nil {
			t.Fatalf("%s, signed: %v", arch, err)
		}
		direct, err := Sign(b, Identity{Identifier: "com.example.program"})
		if err != nil || !bytes.Equal(twice, direct) {
			t.Errorf("%s: signed twice differs from signed once (%v)", arch, err)
		}
		before, err := macho.NewFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		after, err := macho.NewFile(bytes.NewReader(twice))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range before.Sections {
			if s.Offset == 0 {
				continue // nothing in the file
			}
			want, _ := s.Data()
			if got, err := after.Sections[i].Data(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: section %s changed (%v)", arch, s.Name, err)
			}
		}
		if end := after.Segment("__LINKEDIT"); end.Offset+end.Filesz != uint64(len(twice)) {
			t.Errorf("%s: __LINKEDIT ends at %d, the file at %d", arch, end.Offset+end.Filesz, len(twice))
		}
		slices = append(slices, twice)
	}
	fat, err := Universal(slices...)
	if err != nil {
		t.Fatal(err)
	}
	f, err := macho.NewFatFile(bytes.NewReader(fat))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range f.Arches {
		if got := fat[a.Offset : a.Offset+a.Size]; !bytes.Equal(got, slices[i]) || a.Offset%(1<<a.Align) != 0 {
			t.Errorf("slice %d at %d, aligned to %d bits, is not the program", i, a.Offset, a.Align)
		}
	}
}

// FuzzSign looks for programs that end the signer instead of being refused.
func FuzzSign(f *testing.F) {
	header := make([]byte, 200)
	for i, v := range []uint32{macho.Magic64, uint32(macho.CpuArm64), 0, 2, 2, 88} {
		binary.LittleEndian.PutUint32(header[4*i:], v)
	}
	copy(header[32:], "\x19\x00\x00\x00\x48\x00\x00\x00__LINKEDIT")
	copy(header[104:], "\x1d\x00\x00\x00\x10\x00\x00\x00\xff\xff\xff\xff")
	for _, n := range []int{0, 20, 32, 40, 100, 110, 200} {
		f.Add(header[:n])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		Sign(b, Identity{Identifier: "com.example.program"})
		Universal(b)
		if !bytes.Equal(b, before) {
			t.Error("the input was changed")
		}
	})
}
