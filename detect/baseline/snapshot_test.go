package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	someTerms     = TermsOptions{Fields: 1, Window: time.Hour, Identity: "rule", MaxEntries: 50}
	someThreshold = ThresholdOptions{AtLeast: 3, Window: time.Hour, Distinct: []int{2, 4}, Identity: "rule", MaxGroups: 20}
)

func filledTerms(t testing.TB, n int) *Terms {
	m := newTerms(t, someTerms)
	for i := range n {
		m.Seen([]string{fmt.Sprint(i)}, after(time.Duration(i)*time.Second))
	}
	return m
}

func filledThreshold(t testing.TB, n int) *Threshold {
	th := newThreshold(t, someThreshold)
	for i := range n {
		v := []string{fmt.Sprint(i % 5)}
		th.Add([]string{fmt.Sprint(i % 7)}, [][]string{v, v}, after(time.Duration(i)*time.Second))
	}
	return th
}

// TestDamaged cuts a snapshot after every byte and changes every byte: each time the
// error leaves everything as it was.
func TestDamaged(t *testing.T) {
	terms, threshold := filledTerms(t, 5), filledThreshold(t, 9)
	for name, c := range map[string]struct {
		whole    []byte
		restore  func([]byte) error
		snapshot func() []byte
	}{
		"terms":     {terms.Snapshot(start), func(b []byte) error { return terms.Restore(b, start) }, func() []byte { return terms.Snapshot(start) }},
		"threshold": {threshold.Snapshot(), threshold.Restore, threshold.Snapshot},
	} {
		if err := c.restore(c.whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range c.whole {
			if err := c.restore(c.whole[:n]); err == nil {
				t.Fatalf("%s cut after %d of %d bytes: got no error", name, n, len(c.whole))
			}
			changed := bytes.Clone(c.whole)
			changed[n] ^= 0x10
			if err := c.restore(changed); err == nil {
				t.Fatalf("%s with byte %d changed: got no error", name, n)
			}
		}
		if err := c.restore(append(bytes.Clone(c.whole), 0)); err == nil {
			t.Errorf("%s and a byte more: got no error", name)
		}
		if !bytes.Equal(c.snapshot(), c.whole) {
			t.Errorf("%s: changed by a snapshot that was refused", name)
		}
	}
}

// TestOtherRule restores snapshots of other rules and versions.
func TestOtherRule(t *testing.T) {
	o := someTerms
	o.Identity = "other"
	if err := newTerms(t, o).Restore(filledTerms(t, 1).Snapshot(start), start); err == nil || !strings.Contains(err.Error(), "another rule") {
		t.Errorf("terms of another rule: got %v", err)
	}
	o = someTerms
	o.Fields = 2
	if err := newTerms(t, o).Restore(filledTerms(t, 1).Snapshot(start), start); err == nil || !strings.Contains(err.Error(), "another rule") {
		t.Errorf("terms of more fields: got %v", err)
	}
	p := someThreshold
	p.AtLeast++
	if err := newThreshold(t, p).Restore(filledThreshold(t, 1).Snapshot()); err == nil || !strings.Contains(err.Error(), "another rule") {
		t.Errorf("threshold of another number: got %v", err)
	}
	if err := newTerms(t, someTerms).Restore(filledThreshold(t, 1).Snapshot(), start); err == nil || !strings.Contains(err.Error(), "another rule") {
		t.Errorf("terms from a threshold: got %v", err)
	}
	old := filledTerms(t, 1).Snapshot(start)
	old[len(magic)]++
	if err := newTerms(t, someTerms).Restore(old, start); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: got %v", err)
	}
}

// TestSnapshotFormat holds the format: snapshots outlive the program that wrote them.
// Another format needs another version.
func TestSnapshotFormat(t *testing.T) {
	for name, c := range map[string]struct {
		snapshot []byte
		want     string
	}{
		"terms": {filledTerms(t, 1).Snapshot(start), "4853424c0174" + "b9a97ada4221aa088660854eb64c21b7" + // header
			"1898b5d9b3d68000" + "1898b91fe48f2000" + "1898b5d9b3d68000" + // learning from and until, saved
			"0000000000000001" + "0000000000000000" + "0000000000000000" + // learned, dropped, cut
			"00000001" + "44c808fd166dbb8961fb795587e5ee00" + "1898b5d9b3d68000"},
		"count": {filledThreshold(t, 1).Snapshot(), "4853424c016e" + "fedc59b1cd00f29bfcfdbe972fffead0" + // header
			"0000000000000000" + "0000000000000000" + // dropped, cut
			"00000001" + "44c808fd166dbb8961fb795587e5ee00" + "1898b5d9b3d68000" + "ffffffffffffffff" + // newest, never fired
			"00000001" + "1898b5d9b3d68000" +
			"00000001" + "44c808fd166dbb8961fb795587e5ee00" + "1898b5d9b3d68000" +
			"00000001" + "44c808fd166dbb8961fb795587e5ee00" + "1898b5d9b3d68000"},
	} {
		if got := hex.EncodeToString(c.snapshot[:len(c.snapshot)-sha256.Size]); got != c.want {
			t.Errorf("%s: got\n%s, want\n%s", name, got, c.want)
		}
	}
}

// TestRestoreLearning says when a restored memory learns.
func TestRestoreLearning(t *testing.T) {
	for _, c := range []struct {
		name     string
		learning time.Duration // of the memory that is restored to
		saved    time.Duration // after start
		at       time.Duration
		until    time.Duration
	}{
		{"goes on", 0, time.Minute, 2 * time.Minute, time.Hour},
		{"is over", 0, 3 * time.Hour, 4 * time.Hour, time.Hour},
		{"begins anew after a gap of more than a window", 0, 3 * time.Hour, 4*time.Hour + 1, 5*time.Hour + 1},
		{"begins anew if the clock was set back", 0, 3 * time.Hour, 2*time.Hour - 1, 3*time.Hour - 1},
		{"was made shorter", time.Minute, 2 * time.Minute, 3 * time.Minute, time.Minute},
		{"was turned off", NoLearning, 0, 9 * time.Hour, 9 * time.Hour},
	} {
		o := someTerms
		o.Learning = c.learning
		m := newTerms(t, o)
		if err := m.Restore(filledTerms(t, 3).Snapshot(after(c.saved)), after(c.at)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := m.LearningUntil(); !got.Equal(after(c.until)) {
			t.Errorf("learning %s: got until %v, want %v", c.name, got, after(c.until))
		}
	}
}

// TestRestoreFewer restores into smaller bounds: the latest stay.
func TestRestoreFewer(t *testing.T) {
	o := someTerms
	o.MaxEntries, o.Learning = 2, NoLearning
	m := newTerms(t, o)
	if err := m.Restore(filledTerms(t, 5).Snapshot(start), start); err != nil {
		t.Fatal(err)
	}
	if s := m.Stats(); s.Entries != 2 || s.Dropped != 3 {
		t.Errorf("terms: got %+v, want 2 entries and 3 dropped", s)
	}
	if m.Seen([]string{"4"}, start) || m.Seen([]string{"3"}, start) || !m.Seen([]string{"2"}, start) {
		t.Error("terms: got others than the latest kept")
	}
	p := someThreshold
	p.MaxGroups = 3
	th := newThreshold(t, p)
	if err := th.Restore(filledThreshold(t, 9).Snapshot()); err != nil {
		t.Fatal(err)
	}
	if s := th.Stats(); s.Groups != 3 || s.Dropped != 4 {
		t.Errorf("threshold: got %+v, want 3 groups and 4 dropped", s)
	}
	p = someThreshold
	p.MaxBytes = 200
	th = newThreshold(t, p)
	if err := th.Restore(filledThreshold(t, 40).Snapshot()); err != nil {
		t.Fatal(err)
	}
	if s := th.Stats(); s.Bytes > 200 || s.Groups == 0 || s.Dropped == 0 {
		t.Errorf("threshold: got %+v, want at most 200 bytes", s)
	}
}

// body returns what stands between header and checksum.
func body(snapshot []byte) []byte { return snapshot[headerSize : len(snapshot)-sha256.Size] }

// FuzzRestore gives both kinds any body under a right checksum, as a snapshot that was
// made on purpose has. What is accepted is in bounds and goes on to work.
func FuzzRestore(f *testing.F) {
	f.Add(body(filledTerms(f, 0).Snapshot(start)))
	f.Add(body(filledTerms(f, 3).Snapshot(start)))
	f.Add(body(filledThreshold(f, 0).Snapshot()))
	f.Add(body(filledThreshold(f, 1).Snapshot()))
	f.Add(body(filledThreshold(f, 30).Snapshot()))
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newTerms(t, someTerms)
		if m.Restore(seal(append(header(termsKind, m.identity()), data...)), start) == nil {
			if s := m.Stats(); s.Entries > someTerms.MaxEntries || m.until < m.start || m.until-m.start > int64(someTerms.Window) {
				t.Fatalf("terms: got %+v, learning from %d to %d", s, m.start, m.until)
			}
			m.Seen([]string{"0"}, start)
			if err := m.Restore(m.Snapshot(start), start); err != nil {
				t.Fatalf("terms: own snapshot: %v", err)
			}
		}
		th := newThreshold(t, someThreshold)
		if th.Restore(seal(append(header(thresholdKind, th.identity()), data...))) != nil {
			return
		}
		for range 4 {
			if count, _ := th.Add([]string{"0"}, [][]string{{"x"}, {"y", "z"}}, start); count < 1 || count > someThreshold.AtLeast {
				t.Fatalf("threshold: got a count of %d", count)
			}
		}
		if s := th.Stats(); s.Groups > someThreshold.MaxGroups || s.Bytes < 0 || s.Bytes > th.o.MaxBytes {
			t.Fatalf("threshold: got %+v", s)
		}
		if err := th.Restore(th.Snapshot()); err != nil {
			t.Fatalf("threshold: own snapshot: %v", err)
		}
	})
}
