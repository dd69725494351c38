package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"hooksnare/pkg/chain"
)

// chainFile says which chain this is. Every number up to sequence is taken; begun says
// that there were alerts, so that an empty head/ means that history was removed.
type chainFile struct {
	tail  chain.Link
	begun bool
}

const (
	maxChainFile = 512  // bytes
	chainEvery   = 1024 // alerts, after which the file is written again
)

func (c chainFile) format() []byte {
	hash := c.tail.Previous
	if hash == "" {
		hash = "-"
	}
	s := fmt.Sprintf("hooksnare chain %s %d %s %t", c.tail.Chain, c.tail.Sequence, hash, c.begun)
	return fmt.Appendf(nil, "%s %08x\n", s, crc32.ChecksumIEEE([]byte(s)))
}

// parseChain takes only what format writes.
func parseChain(b []byte) (chainFile, error) {
	var c chainFile
	if len(b) > maxChainFile {
		return c, errors.New("too long for a chain file")
	}
	var hash string
	var check uint32
	_, err := fmt.Sscanf(string(b), "hooksnare chain %s %d %s %t %x\n", &c.tail.Chain, &c.tail.Sequence, &hash, &c.begun, &check)
	if err != nil {
		return chainFile{}, errors.New("not a chain file")
	}
	c.tail.Previous = strings.TrimPrefix(hash, "-")
	if (chain.Link{Chain: c.tail.Chain, Sequence: 1, Previous: c.tail.Previous}).Check() != nil || string(c.format()) != string(b) {
		return chainFile{}, errors.New("does not match its checksum")
	}
	return c, nil
}

// renewChain gives the chain a new id, under which no number is taken on disk.
func (s *Spool) renewChain(why string) {
	s.mu.Lock()
	s.tail.Chain = chain.NewID()
	e := &Event{Kind: Renewed, Why: why, First: s.tail.Sequence + 1, Last: s.tail.Sequence + 1}
	s.mu.Unlock()
	s.idTried, s.idSaved = false, false
	s.events.addEvent(e)
}

// writeChain replaces the chain file by one that says what is now.
func (s *Spool) writeChain() error {
	err := s.writeFile("tmp/chain", chainFile{tail: s.tail, begun: s.begun}.format())
	if err == nil {
		s.idTried = true
		err = s.d.Rename("tmp/chain", "chain")
	}
	if err == nil {
		err = s.d.SyncDir(".", true)
	}
	if err != nil {
		s.discard("tmp/chain")
		return fmt.Errorf("chain: %w", err)
	}
	s.idSaved, s.chained = true, s.tail.Sequence
	return nil
}
