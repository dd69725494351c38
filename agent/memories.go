package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"hooksnare/pkg/safefile"
)

// What rules remember of long times lies in a folder of its own, a file a rule. It holds
// digests of what was seen, not what was seen.
const (
	memoryFolder = "rules"
	maxMemory    = 16 << 20
)

// memoryFile names the file of a rule. Ids come from files, and differ perhaps in case
// alone, which a Mac's disk does not tell apart.
func memoryFile(id string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(memoryFolder, hex.EncodeToString(sum[:16])+".memory")
}

// saveMemories writes what rules remember, as far as it has changed.
func (k *keeper) saveMemories(now time.Time) error {
	k.saved = now
	var first error
	memories := k.pipeline.Memories()
	for id, b := range memories {
		if bytes.Equal(b, k.memories[id]) {
			continue
		}
		if err := k.write(memoryFile(id), b); err != nil {
			delete(memories, id)
			if first == nil {
				first = fmt.Errorf("what rule %s remembers: %w", id, err)
			}
		}
	}
	k.memories = memories
	return first
}

// restoreMemories gives rules back what was saved of them. What can't be read or used is an
// error; the rule learns anew.
func (k *keeper) restoreMemories(ids []string) error {
	var faults []error
	for _, id := range ids {
		path := filepath.Join(k.dir, memoryFile(id))
		b, _, err := safefile.ReadTrusted(path, maxMemory)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = k.pipeline.RestoreMemory(id, b)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("what rule %s remembered is lost, it learns anew: %s: %w", id, path, err))
		}
	}
	return errors.Join(faults...)
}
