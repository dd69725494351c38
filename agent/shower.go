package agent

import (
	"bytes"
	"io"
	"sync"

	"hooksnare/pkg/alert"
)

// maxShown bounds the alerts that wait for a person's terminal; it is given no more than it
// takes.
const maxShown = 256

// shower prints alerts for a person, and holds nobody up.
type shower struct {
	w    io.Writer
	list chan []byte
	wg   sync.WaitGroup
}

func newShower(w io.Writer) *shower {
	s := &shower{w: w, list: make(chan []byte, maxShown)}
	s.wg.Go(func() {
		for text := range s.list {
			_, _ = s.w.Write(text)
		}
	})
	return s
}

// add prints an alert, unless so many wait that nobody can be reading them.
func (s *shower) add(a *alert.Alert) {
	if s == nil {
		return
	}
	var b bytes.Buffer
	_ = a.Write(&b) // to memory
	select {
	case s.list <- b.Bytes():
	default:
	}
}

func (s *shower) close() {
	if s == nil {
		return
	}
	close(s.list)
	s.wg.Wait()
}
