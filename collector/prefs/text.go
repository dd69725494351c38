package prefs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"hooksnare/pkg/plist"
)

// maxValue is how much of a value is kept. A path has 1,024 bytes at most; beyond so many
// times that the beginning and a hash tell one value from another.
const maxValue = 8 << 10

// text returns a value as text: a string as it is, others in the form that commands are
// given them in, containers like JSON.
func text(v any) string {
	w := writer{sum: sha256.New()}
	if s, ok := v.(string); ok {
		w.text(s)
	} else {
		w.value(v)
	}
	return w.String()
}

// writer renders values. Of what is beyond the bound only a hash is kept.
type writer struct {
	kept []byte
	n    int // bytes written
	sum  hash.Hash
}

// String returns all of a text that is within the bound, and the beginning, size and hash
// of one that is not.
func (w *writer) String() string {
	if w.n <= maxValue {
		return string(w.kept)
	}
	cut := len(w.kept)
	for cut > maxValue-utf8.UTFMax && !utf8.RuneStart(w.kept[cut-1]) {
		cut--
	}
	if cut > 0 && w.kept[cut-1] >= utf8.RuneSelf {
		cut-- // the first byte of a rune that may go on
	}
	return fmt.Sprintf("%s... (%d bytes, sha256 %s)", w.kept[:cut], w.n, hex.EncodeToString(w.sum.Sum(nil)))
}

func (w *writer) text(s string) {
	if room := maxValue - len(w.kept); room > 0 {
		w.kept = append(w.kept, s[:min(room, len(s))]...)
	}
	w.n += len(s)
	io.WriteString(w.sum, s) // a hash takes everything
}

func (w *writer) value(v any) {
	switch v := v.(type) {
	case string:
		w.text(strconv.Quote(v))
	case bool:
		w.text(strconv.FormatBool(v))
	case int64:
		w.text(strconv.FormatInt(v, 10))
	case uint64:
		w.text(strconv.FormatUint(v, 10))
	case float64:
		w.text(number(v))
	case time.Time:
		w.text(v.UTC().Format(time.RFC3339))
	case []byte:
		w.text("<" + hex.EncodeToString(v) + ">")
	case plist.UID:
		w.text(fmt.Sprintf(`{"CF$UID": %d}`, uint64(v)))
	case []any:
		w.list(v)
	case map[string]any:
		w.dictionary(v)
	}
}

func (w *writer) list(v []any) {
	w.text("[")
	for i, e := range v {
		if i > 0 {
			w.text(", ")
		}
		w.value(e)
	}
	w.text("]")
}

func (w *writer) dictionary(v map[string]any) {
	w.text("{")
	for i, k := range slices.Sorted(maps.Keys(v)) {
		if i > 0 {
			w.text(", ")
		}
		w.text(strconv.Quote(k) + ": ")
		w.value(v[k])
	}
	w.text("}")
}

// number writes a whole number without a point, as a command would be given it.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
