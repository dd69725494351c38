package process

import (
	"hash/maphash"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// cacheSlots is the number of different strings, and of images, shared at a time, and
// sharedBytes bounds each of them: together less than 3 MiB.
const (
	cacheSlots  = 2048
	sharedBytes = 512
)

// cache shares equal strings and images. A slot holds the last value that fell on it: it
// is bounded, never wrong, and of no use to someone who fills it on purpose.
type cache struct {
	seed    maphash.Seed
	strings [cacheSlots]string
	images  [cacheSlots]*event.Image
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) slot(b []byte) uint64 { return maphash.Bytes(c.seed, b) % cacheSlots }

// string returns b as a string, the shared one where there is one.
func (c *cache) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > sharedBytes {
		return string(b)
	}
	slot := &c.strings[c.slot(b)]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// image returns the program of a process.
func (c *cache) image(p *eslogger.Process) *event.Image {
	path := head(p.Executable, keptPath)
	signing, team, hash := head(p.SigningID, keptWord), head(p.TeamID, keptWord), head(p.CDHash, keptWord)
	if len(path)+len(signing)+len(team)+len(hash) > sharedBytes {
		return newImage(path, signing, team, hash, p)
	}
	slot := &c.images[(c.slot(path)+c.slot(hash))%cacheSlots]
	if i := *slot; i == nil || i.Executable != string(path) || i.SigningID != string(signing) ||
		i.TeamID != string(team) || i.CDHash != string(hash) || i.Flags != p.Flags || i.Platform != p.Platform {
		*slot = newImage(path, signing, team, hash, p)
	}
	return *slot
}

func newImage(path, signing, team, hash []byte, p *eslogger.Process) *event.Image {
	return &event.Image{
		Executable: string(path), SigningID: string(signing), TeamID: string(team),
		CDHash: string(hash), Flags: p.Flags, Platform: p.Platform,
	}
}
