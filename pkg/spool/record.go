package spool

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
	"unique"
)

// record is what the index knows of an alert: what its file's name says, and who waits
// for it. 80 bytes, so that 100,000 cost little.
type record struct {
	seq   uint64
	ms    int64  // Unix time in milliseconds
	mask  uint64 // bits of the queues in which it waits
	share string // as in the name; one string for all that have it
	size  uint32
	sev   uint16
	flags uint16
	sum   [32]byte
}

const (
	inMemory uint16 = 1 << iota // the document is in no file
	inTmp                       // not linked everywhere: the file in tmp/ counts
)

const (
	maxSeverity = 999
	maxMillis   = 1e15 - 1 // the year 33658: fifteen digits
	maxShare    = 32       // bytes of a share's name
	suffix      = ".json"
	maxName     = 20 + 1 + 3 + 1 + 15 + 1 + 8 + 1 + maxShare + 1 + 64 + 1 + 8 + len(suffix) // bytes
)

// fileName is the alert's file name: number, severity, time, size, the share if it has one, hash,
// and a checksum of these, so that a name that was changed is not taken for another.
func (r *record) fileName() string {
	share := r.share
	if share != "" {
		share += "-"
	}
	name := fmt.Sprintf("%020d-%03d-%013d-%d-%s%x", r.seq, r.sev, r.ms, r.size, share, r.sum)
	return fmt.Sprintf("%s-%08x%s", name, crc32.ChecksumIEEE([]byte(name)), suffix)
}

// parseName reads a file name; it takes only what fileName writes.
func parseName(s string) (record, bool) {
	var r record
	if len(s) > maxName {
		return r, false
	}
	var numbers [4]uint64
	rest := s
	for i := range numbers {
		var digits string
		digits, rest, _ = strings.Cut(rest, "-")
		numbers[i], _ = strconv.ParseUint(digits, 10, 64) // what is wrong shows when the name is written again
	}
	seq, sev, ms, size := numbers[0], numbers[1], numbers[2], numbers[3]
	if seq == 0 || sev > maxSeverity || ms > maxMillis || size == 0 || size > maxDocument {
		return r, false
	}
	r = record{seq: seq, sev: uint16(sev), ms: int64(ms), size: uint32(size)}
	hash, check, _ := strings.Cut(rest, "-")
	if len(hash) <= maxShare {
		r.share = hash
		hash, _, _ = strings.Cut(check, "-")
	}
	if r.share != shareName(r.share) || len(hash) != 2*len(r.sum) {
		return r, false
	}
	if _, err := hex.Decode(r.sum[:], []byte(hash)); err != nil {
		return r, false
	}
	r.share = unique.Make(r.share).Value()
	return r, r.fileName() == s
}

// shareName is the name of a share as file names have it: as it is if it is short and plain,
// else a digest.
func shareName(s string) string {
	odd := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_')
	}
	if len(s) <= maxShare && !strings.ContainsFunc(strings.TrimPrefix(s, digestMark), odd) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return digestMark + hex.EncodeToString(sum[:8])
}

const digestMark = "~"

func (r *record) hash() string         { return hex.EncodeToString(r.sum[:]) }
func (r *record) timestamp() time.Time { return time.UnixMilli(r.ms).UTC() }
func (r *record) claim() Claim         { return Claim{r.share, int(r.sev), int(r.size)} }

// sameFile reports whether two records are of one file.
func (r *record) sameFile(o record) bool {
	return r.seq == o.seq && r.sum == o.sum && r.ms == o.ms && r.size == o.size && r.sev == o.sev && r.share == o.share
}

func compareRecords(a, b record) int {
	return cmp.Or(cmp.Compare(a.seq, b.seq), bytes.Compare(a.sum[:], b.sum[:]))
}

// toMillis returns a time as names have it.
func toMillis(t time.Time) int64 { return min(max(t.UnixMilli(), 0), maxMillis) }

// clampSeverity returns a severity as names have it.
func clampSeverity(n int) uint16 { return uint16(min(max(n, 0), maxSeverity)) }

// EventOf returns event.id and event.sequence of a document; of one without an id the first half of
// its SHA-256, which no other has. It reads no further than the member event, which alerts begin with.
func EventOf(document []byte) (id string, update int) {
	var event struct {
		ID       string `json:"id"`
		Sequence int    `json:"sequence"`
	}
	in := json.NewDecoder(bytes.NewReader(document))
	_, err := in.Token() // the brace
	for err == nil && in.More() {
		var key json.Token
		if key, err = in.Token(); err != nil {
			break
		}
		if key == "event" {
			err = in.Decode(&event)
			break
		}
		var other json.RawMessage
		err = in.Decode(&other)
	}
	if err != nil || event.ID == "" {
		sum := sha256.Sum256(document)
		return hex.EncodeToString(sum[:16]), 1
	}
	return event.ID, max(event.Sequence, 1)
}

// parseTmp reads the name of a file in tmp/. Version 0.1 put the number of the attempt behind it.
func parseTmp(s string) (record, bool) {
	if i := strings.LastIndexByte(s, '.'); i >= 0 && s[i:] != suffix && strings.Trim(s[i+1:], "0123456789") == "" {
		s = s[:i]
	}
	return parseName(s)
}
