package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"strconv"
	"strings"
	"time"
	"unique"
)

// record is what the index knows of an alert: what its file's name says, and who waits
// for it. 104 bytes, so that 100,000 cost little.
type record struct {
	seq    uint64
	ms     int64  // Unix time in milliseconds
	mask   uint64 // bits of the queues in which it waits
	size   uint32
	sev    uint16
	flags  uint16
	sum    [32]byte
	id     [16]byte // event.id
	update uint32   // event.sequence; 0 where the name says neither
	share  string   // as in the name; one string for all that have it
}

// setID notes the event's id if the name can hold it.
func (r *record) setID(id string, update int) {
	b, err := hex.DecodeString(id)
	if err == nil && len(b) == len(r.id) && hex.EncodeToString(b) == id {
		copy(r.id[:], b)
		r.update = uint32(min(max(update, 1), maxUpdate))
	}
}

const (
	inMemory uint16 = 1 << iota // the document is in Spool.held, and in no file
	inTmp                       // not linked everywhere: the file in tmp/ counts
)

const (
	maxSeverity = 999
	maxMillis   = 1e15 - 1 // the year 33658: fifteen digits
	maxUpdate   = 1e9 - 1
	maxName     = 128 + maxShare + 1 + 43 // bytes: the longest there can be
	maxShare    = 32                      // bytes of a share's name
	suffix      = ".json"
)

// fileName is the alert's file name: number, severity, time, size, the share if it has one, the
// event's id and the number of the update if they are known, hash, and a checksum of these, so
// that a name that was changed is not taken for another. Versions before 0.2 wrote no id.
func (r *record) fileName() string { return string(r.appendFileName(make([]byte, 0, maxName))) }

func (r *record) appendFileName(b []byte) []byte {
	start := len(b)
	b = append(appendPadded(b, r.seq, 20), '-')
	b = append(appendPadded(b, uint64(r.sev), 3), '-')
	b = append(appendPadded(b, uint64(r.ms), 13), '-')
	b = append(appendPadded(b, uint64(r.size), 1), '-')
	if r.share != "" {
		b = append(append(b, r.share...), '-')
	}
	if r.update != 0 {
		b = append(hex.AppendEncode(b, r.id[:]), '.')
		b = append(appendPadded(b, uint64(r.update), 1), '-')
	}
	b = append(hex.AppendEncode(b, r.sum[:]), '-')
	var check [4]byte
	binary.BigEndian.PutUint32(check[:], crc32.ChecksumIEEE(b[start:len(b)-1]))
	return append(hex.AppendEncode(b, check[:]), suffix...)
}

// appendPadded appends a number of at least so many digits.
func appendPadded(b []byte, n uint64, width int) []byte {
	for limit := uint64(10); width > 1; width-- {
		if n < limit { // one zero for each digit that is missing
			b = append(b, "00000000000000000000"[:width-1]...)
			break
		}
		if limit > math.MaxUint64/10 {
			break
		}
		limit *= 10
	}
	return strconv.AppendUint(b, n, 10)
}

// parseName reads a file name; it takes only what name writes.
func parseName(s string) (record, bool) {
	if len(s) > maxName {
		return record{}, false
	}
	var r record
	var buffer [maxName]byte
	seq, rest := parseNumber(s)
	sev, rest := parseNumber(rest)
	ms, rest := parseNumber(rest)
	size, rest := parseNumber(rest)
	if i := strings.IndexByte(rest, '-'); i > 0 && i <= maxShare {
		r.share, rest = rest[:i], rest[i+1:]
	}
	if i := strings.IndexByte(rest, '-'); i > 2*len(r.id) && i < 2*len(r.sum) {
		update, _ := strconv.ParseUint(rest[2*len(r.id)+1:i], 10, 32)
		r.setID(rest[:2*len(r.id)], int(update))
		rest = rest[i+1:]
	}
	if r.share != shareName(r.share) || len(rest) < 2*len(r.sum) || seq == 0 || sev > maxSeverity || ms > maxMillis || size == 0 || size > maxDocument {
		return record{}, false
	}
	if _, err := hex.Decode(r.sum[:], append(buffer[:0], rest[:2*len(r.sum)]...)); err != nil {
		return record{}, false
	}
	r.seq, r.sev, r.ms, r.size = seq, uint16(sev), int64(ms), uint32(size)
	if string(r.appendFileName(buffer[:0])) != s {
		return record{}, false
	}
	r.share = unique.Make(r.share).Value()
	return r, true
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

// parseNumber reads a number and the hyphen behind it. What is wrong shows when the name is
// written again.
func parseNumber(s string) (n uint64, rest string) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return n, s[i+1:]
		}
		n = 10*n + uint64(s[i]-'0')
	}
	return n, ""
}

// parseTmp reads the name of a file in tmp/, which has the number of the attempt behind it.
func parseTmp(s string) (record, bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 || attemptOf(s) == 0 {
		return record{}, false
	}
	return parseName(s[:i])
}

// attemptOf is the number behind a name in tmp/, 0 where there is none that can be.
func attemptOf(s string) uint64 {
	n, err := strconv.ParseUint(s[strings.LastIndexByte(s, '.')+1:], 10, 62)
	if err != nil {
		return 0
	}
	return n
}

func (r *record) hash() string         { return hex.EncodeToString(r.sum[:]) }
func (r *record) eventID() string      { return hex.EncodeToString(r.id[:]) }
func (r *record) timestamp() time.Time { return time.UnixMilli(r.ms).UTC() }

// toMillis returns a time as names have it.
func toMillis(t time.Time) int64 { return min(max(t.UnixMilli(), 0), maxMillis) }

// clampSeverity returns a severity as names have it.
func clampSeverity(n int) uint16 { return uint16(min(max(n, 0), maxSeverity)) }
