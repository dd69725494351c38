package delivery

import (
	"bytes"
	"io"
	"sync"

	"hooksnare/pkg/alert"
)

// maxShown bounds the alerts that wait for a person's terminal; it is given no more than it
// takes.
const maxShown = 256

// console prints alerts for a person, and holds nobody up.
type console struct {
	w    io.Writer
	list chan []byte
	wg   sync.WaitGroup
}

func newConsole(w io.Writer) *console {
	s := &console{w: w, list: make(chan []byte, maxShown)}
	s.wg.Go(func() {
		for text := range s.list {
			_, _ = s.w.Write(text)
		}
	})
	return s
}

// print prints an alert, unless so many wait that nobody can be reading them.
func (s *console) print(a *alert.Alert) {
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

func (s *console) close() {
	if s == nil {
		return
	}
	close(s.list)
	s.wg.Wait()
}
