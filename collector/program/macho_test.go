package program

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
)

// blob is what a test's signature says.
type blob struct {
	id, team string
	version  uint32
}

// directoryOf writes a code directory.
func directoryOf(b blob) []byte {
	d := make([]byte, 88)
	put32 := binary.BigEndian.PutUint32
	put32(d, magicDirectory)
	put32(d[8:], b.version)
	put32(d[20:], uint32(len(d)))
	d = append(append(d, b.id...), 0)
	if b.team != "" {
		put32(d[48:], uint32(len(d)))
		d = append(append(d, b.team...), 0)
	}
	put32(d[4:], uint32(len(d)))
	return d
}

// signatureOf writes a signature: other blobs, then the code directory.
func signatureOf(b blob) []byte {
	d := directoryOf(b)
	var s []byte
	for _, v := range []uint32{magicSignature, uint32(28 + 8 + len(d)), 2, 2, 28, slotDirectory, 36, 0xfade0c01, 8} {
		s = binary.BigEndian.AppendUint32(s, v)
	}
	return append(s, d...)
}

// machO writes a slice with the load commands of a program and a signature at its end.
func machO(order binary.AppendByteOrder, wide bool, sig []byte) []byte {
	magic, head := uint32(0xfeedface), 28
	if wide {
		magic, head = 0xfeedfacf, 32
	}
	var commands []byte
	add := func(values ...uint32) {
		for _, v := range values {
			commands = order.AppendUint32(commands, v)
		}
	}
	add(0x1b, 24, 1, 2, 3, 4) // LC_UUID
	n := uint32(1)
	if sig != nil {
		n = 2
		add(loadCodeSignature, 16, uint32(head+24+16), uint32(len(sig)))
	}
	var b []byte
	for _, v := range []uint32{magic, 0x0100000c, 0, 2, n, uint32(len(commands)), 0, 0}[:head/4] {
		b = order.AppendUint32(b, v)
	}
	return append(append(b, commands...), sig...)
}

// fat writes a file of several slices.
func fat(wide bool, slices ...[]byte) []byte {
	magic, entry := uint32(magicFat), 20
	if wide {
		magic, entry = magicFat64, 32
	}
	b := binary.BigEndian.AppendUint32(nil, magic)
	b = binary.BigEndian.AppendUint32(b, uint32(len(slices)))
	at := 8 + entry*len(slices)
	for _, s := range slices {
		b = binary.BigEndian.AppendUint64(b, 0x0100000c00000000)
		if wide {
			b = binary.BigEndian.AppendUint64(b, uint64(at))
			b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
			b = binary.BigEndian.AppendUint64(b, 14<<32)
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(at))
			b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
			b = binary.BigEndian.AppendUint32(b, 14)
		}
		at += len(s)
	}
	return append(b, bytes.Join(slices, nil)...)
}

var jamf = blob{"com.jamf.management.daemon", "483DWKW443", 0x20500}

func signed(b blob) []byte { return machO(binary.LittleEndian, true, signatureOf(b)) }

func TestSignature(t *testing.T) {
	none := claim{}
	both := claim{true, jamf.id, jamf.team}
	tests := []struct {
		name string
		file []byte
		want claim
	}{
		{"64 bits", signed(jamf), both},
		{"32 bits", machO(binary.LittleEndian, false, signatureOf(jamf)), both},
		{"64 bits, big-endian", machO(binary.BigEndian, true, signatureOf(jamf)), both},
		{"32 bits, big-endian", machO(binary.BigEndian, false, signatureOf(jamf)), both},
		{"without a signature", machO(binary.LittleEndian, true, nil), none},
		{"two slices", fat(false, signed(jamf), signed(jamf)), both},
		{"two slices, wide", fat(true, signed(jamf), signed(jamf)), both},
		{"second slice without", fat(false, signed(jamf), machO(binary.LittleEndian, true, nil)), none},
		{"second slice of another team", fat(false, signed(jamf), signed(blob{jamf.id, "XXXXXXXXXX", jamf.version})), claim{true, jamf.id, ""}},
		{"second slice of no team", fat(false, signed(blob{"x", "", jamf.version}), signed(jamf)), claim{true, "", ""}},
		{"no slices", fat(false), none},
		{"slice that is none", fat(false, []byte("text that is no Mach-O at all")), none},
		{"no team", signed(blob{"a.out", "", 0x20400}), claim{true, "a.out", ""}},
		{"from before teams", signed(blob{"old", "483DWKW443", 0x20100}), claim{true, "old", ""}},
		{"control characters", signed(blob{"a\x1b[2J", "b\nc", jamf.version}), claim{signed: true}},
		{"identifier too long", signed(blob{strings.Repeat("x", maxClaim+1), "T", jamf.version}), claim{true, "", "T"}},
		{"identifier of the longest", signed(blob{strings.Repeat("x", maxClaim), "T", jamf.version}), claim{true, strings.Repeat("x", maxClaim), "T"}},
		{"empty", nil, none},
	}
	root := newRoot(t)
	for _, tt := range tests {
		if got := readClaims(bytes.NewReader(tt.file), int64(len(tt.file))); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
		put(t, filepath.Join(root, "m"), string(tt.file), 0o755)
		if p := Examine(root, "/m"); p.Kind == kindMachO && (p.SigningID != tt.want.id || p.TeamID != tt.want.team || (words(p.Risks) == Unsigned) == tt.want.signed) {
			t.Errorf("%s: got %q of %q, risks %q; want %+v", tt.name, p.SigningID, p.TeamID, p.Risks, tt.want)
		}
	}
}

// TestSignatureCut cuts a file after each byte, and spoils each byte in turn: no claim
// comes that the file does not make.
func TestSignatureCut(t *testing.T) {
	whole := fat(false, signed(jamf), signed(jamf))
	for i := range whole {
		if got := readClaims(bytes.NewReader(whole[:i]), int64(i)); got != (claim{}) {
			t.Errorf("cut after %d of %d bytes: got %+v, want nothing", i, len(whole), got)
		}
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			spoilt := bytes.Clone(whole)
			spoilt[i] = b
			claimed(t, spoilt)
		}
	}
}

// claimed checks that what a file claims stands in it.
func claimed(t *testing.T, file []byte) {
	t.Helper()
	got := readClaims(bytes.NewReader(file), int64(len(file)))
	for _, s := range []string{got.id, got.team} {
		odd := strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
		if s != "" && (odd || len(s) > maxClaim || !bytes.Contains(file, append([]byte(s), 0))) {
			t.Errorf("claim %q is no identifier of the file %q", s, file)
		}
	}
	if !got.signed && (got.id != "" || got.team != "") {
		t.Errorf("claims %+v without a signature in %q", got, file)
	}
}

func TestKind(t *testing.T) {
	tests := []struct{ head, want string }{
		{"", kindEmpty}, {"#!", Script}, {"#!\x00", Script}, {"x", Script}, {"echo \xff\n\x00", Script}, {"x\x00\n", kindData}, {"\x00", kindData},
		{"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", kindMachO}, {"\xfe\xed\xfa\xce\x0c\x00\x00\x01", kindMachO}, {"\xca\xfe\xba\xbe\x00\x00\x00\x02", kindMachO},
		{"\xca\xfe\xba\xbe\x00\x00\x00\x34", kindData /* a Java class */}, {"\xca\xfe\xba", Script}, {"\x7fELF\x02\x01\x01\x00", kindData},
	}
	for _, tt := range tests {
		if got := kindOf([]byte(tt.head)); got != tt.want {
			t.Errorf("kind of %q: got %s, want %s", tt.head, got, tt.want)
		}
	}
}

func FuzzSignature(f *testing.F) {
	for _, seed := range [][]byte{
		nil, signed(jamf), fat(false, signed(jamf)), fat(true, signed(jamf), signed(jamf)), machO(binary.LittleEndian, true, nil),
		machO(binary.BigEndian, false, signatureOf(jamf)), fat(false), signed(blob{"a", "", 0}),
	} {
		f.Add(seed)
	}
	f.Fuzz(claimed)
}
