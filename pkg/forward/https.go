package forward

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// newNDJSON returns the protocol that posts one alert a line. Any 2xx acknowledges all.
func newNDJSON() *protocol {
	return &protocol{
		contentType: "application/x-ndjson", scheme: "Bearer", idempotencyKey: idempotencyKey,
		appendItem: func(b []byte, item *Item) []byte {
			return append(append(b, item.Document...), '\n')
		},
	}
}

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
