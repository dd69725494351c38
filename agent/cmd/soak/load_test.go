package soak

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// loadVariable makes this program play eslogger: "hostile", or a number of execs a second.
const loadVariable = "SOAK_LOAD"

func TestMain(m *testing.M) {
	if load := os.Getenv(loadVariable); load != "" {
		_ = playLoad(load) // until nobody reads it
		return
	}
	os.Exit(m.Run())
}

func playLoad(load string) error {
	if load == "hostile" {
		return playHostile(os.Stdout)
	}
	var rate float64
	if _, err := fmt.Sscan(load, &rate); err != nil {
		return err
	}
	if rate == 0 {
		time.Sleep(time.Hour)
		return nil
	}
	_, err := synthetic.WriteBench(newPaced(os.Stdout, 3*rate), math.MaxInt)
	return err
}

// paced writes lines one by one, at random times of the given mean rate.
type paced struct {
	to   io.Writer
	due  time.Time
	mean float64 // nanoseconds between two lines
}

func newPaced(to io.Writer, linesPerSecond float64) *paced {
	return &paced{to: to, due: time.Now(), mean: float64(time.Second) / linesPerSecond}
}

func (p *paced) Write(line []byte) (int, error) {
	p.due = p.due.Add(time.Duration(rand.ExpFloat64() * p.mean))
	time.Sleep(time.Until(p.due))
	return p.to.Write(line)
}

// playHostile writes as fast as it is read what costs a reader the most memory.
func playHostile(to io.Writer) error {
	args := func(n int, word string) string { return strings.Repeat(`,"`+word+`"`, n)[1:] }
	var ordinary bytes.Buffer
	if _, err := synthetic.WriteBench(&ordinary, 3000); err != nil {
		return err
	}
	for n := 0; ; n++ {
		exec := func(args string) string {
			const token = `{"pid":%d,"pidversion":%d,"auid":501,"euid":501,"ruid":501,"egid":20,"rgid":20,"asid":1}`
			process := `{"executable":{"path":"\/tmp\/` + strings.Repeat("x", 900) + fmt.Sprint(n) + `"},"audit_token":` + fmt.Sprintf(token, n%90_000+2, n) + `}`
			return fmt.Sprintf(`{"event":{"exec":{"target":%s,"args":[%s]}},"global_seq_num":%d,"process":%s}`, process, args, n, process)
		}
		lines := []string{
			exec(args(1, strings.Repeat(`\u0001`, 1<<20))), // as long as a kernel lets an exec be
			exec(args(110_000, "a")),                       // as many as a kernel lets an exec have, about
			exec(args(50_000, strings.Repeat(`\/`, 10))),
			`{"x":"` + strings.Repeat("x", 9<<20) + `"}`, // over the bound
			`{"x":` + strings.Repeat("[", 1<<20),
			strings.Repeat("\xff", 1<<20),
		}
		for range 300 {
			lines = append(lines, exec(args(40, strings.Repeat("y", 40)+fmt.Sprint(n))))
			n++
		}
		for _, line := range append(lines, ordinary.String()) {
			if _, err := io.WriteString(to, line+"\n"); err != nil {
				return err
			}
		}
	}
}
