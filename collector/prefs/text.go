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
	"strings"
	"time"
	"unicode/utf8"
)

// maxValue is how much of a value is kept. A path has 1,024 bytes at most; beyond so many
// times that the beginning and a hash tell one value from another.
const maxValue = 8 << 10

// valueText returns a value as text: a string as it is, others in the form that commands are
// given them in, containers like JSON.
func valueText(v any) string {
	w := textWriter{sum: sha256.New()}
	if s, ok := v.(string); ok {
		io.WriteString(&w, s)
	} else {
		w.writeValue(v)
	}
	return w.String()
}

// textWriter renders values. Of what is beyond the bound only a hash is kept.
type textWriter struct {
	kept []byte
	n    int // bytes written
	sum  hash.Hash
}

// Write always succeeds.
func (w *textWriter) Write(b []byte) (int, error) {
	w.kept = append(w.kept, b[:min(maxValue-len(w.kept), len(b))]...)
	w.n += len(b)
	return w.sum.Write(b)
}

// String returns all of a text that is within the bound, and the beginning, size and hash
// of one that is not.
func (w *textWriter) String() string {
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

func (w *textWriter) writeValue(v any) {
	switch v := v.(type) {
	case bool, int64, uint64:
		fmt.Fprint(w, v)
	case string:
		io.WriteString(w, strconv.Quote(v))
	case float64:
		io.WriteString(w, formatNumber(v))
	case time.Time:
		io.WriteString(w, v.UTC().Format(time.RFC3339))
	case []byte:
		fmt.Fprintf(w, "<%x>", v)
	case []any:
		separator := "["
		for _, e := range v {
			io.WriteString(w, separator)
			w.writeValue(e)
			separator = ", "
		}
		io.WriteString(w, strings.TrimSuffix(separator, ", ")+"]")
	case map[string]any:
		separator := "{"
		for _, k := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(w, "%s%q: ", separator, k)
			w.writeValue(v[k])
			separator = ", "
		}
		io.WriteString(w, strings.TrimSuffix(separator, ", ")+"}")
	}
}

// formatNumber writes a whole number without a point, as a command would be given it.
func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
