package forward

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
)

// ndjson posts one alert a line. Any 2xx acknowledges all of them.
type ndjson struct{}

func (ndjson) prepare(h http.Header, token string, items []Item) {
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Idempotency-Key", idempotencyKey(items))
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
}

func (ndjson) frame() (before, between, behind string) { return "", "", "" }

func (ndjson) appendItem(b []byte, item *Item) []byte {
	return append(append(b, item.Document...), '\n')
}

func (ndjson) read(_ *Config, _ *answer, items []Item) Result {
	return all(len(items), Delivered, nil)
}

func (ndjson) refused(*Config, *answer, []Item) (Result, bool) { return Result{}, false }

func (ndjson) silent() bool { return true }

// idempotencyKey is the same whenever the same items go together, so that a receiver
// can drop a batch that it has.
func idempotencyKey(items []Item) string {
	h := sha256.New()
	var n [24]byte
	for i := range items {
		item := &items[i]
		binary.BigEndian.PutUint64(n[:], item.Sequence)
		binary.BigEndian.PutUint64(n[8:], uint64(item.Update))
		binary.BigEndian.PutUint64(n[16:], uint64(len(item.ID)))
		h.Write(n[:])
		h.Write([]byte(item.ID))
	}
	const half = 16 // bytes: enough to tell batches apart
	return hex.EncodeToString(h.Sum(nil)[:half])
}
