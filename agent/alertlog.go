package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"hooksnare/agent/config"
	"hooksnare/pkg/logfile"
)

// AlertLog is what the agent's file outputs wrote. It holds its files open, so that a
// rotation while it is read takes nothing away. Lines that are no alerts are passed over
// and counted.
type AlertLog struct {
	chains []logChain
}

// logChain is one log: its files, the newest first.
type logChain []*alertFile

// alertFile is one file of a log.
type alertFile struct {
	name   string
	f      logHandle
	size   int64 // when it was opened
	damage LogDamage
}

// logHandle is an open file.
type logHandle interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// LogDamage tells of the lines of a file that can't be read.
type LogDamage struct {
	File  string
	Lines int
	First int64 // place of the first that was met, in bytes
	Why   string
}

func (d *LogDamage) String() string {
	return fmt.Sprintf("%s: %s passed over: at byte %d: %s", d.File, counted(d.Lines, "damaged line"), d.First, d.Why)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (f *alertFile) damaged(at int64, err error) {
	if f.damage.Lines == 0 {
		f.damage = LogDamage{File: f.name, First: at, Why: err.Error()}
	}
	f.damage.Lines++
}

// FileOutputs returns the paths of the logs that a configuration writes.
func FileOutputs(c config.Config) []string {
	var out []string
	for _, o := range c.Outputs {
		if o.Type == "file" && o.Enabled {
			out = append(out, o.Path)
		}
	}
	return out
}

// OpenAlertLog opens logs by their paths, each with the older files that rotation put
// aside. A log that is not there is empty: missing names those.
func OpenAlertLog(paths []string) (l *AlertLog, missing []string, err error) {
	l = &AlertLog{}
	for _, path := range paths {
		var chain logChain
		for n := range logfile.DefaultKeep + 1 {
			f, err := openLog(rotated(path, n))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				l.chains = append(l.chains, chain)
				l.Close()
				return nil, nil, err
			case slices.ContainsFunc(chain, f.same): // it was put aside after it was opened
				f.f.Close()
				continue
			}
			chain = append(chain, f)
		}
		if len(chain) == 0 {
			missing = append(missing, path)
		}
		l.chains = append(l.chains, chain)
	}
	return l, missing, nil
}

// rotated names the n-th file that rotation put aside, the log itself for 0.
func rotated(path string, n int) string {
	if n == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, n)
}

// openLog opens a file of a log. The agent makes no links and no pipes: it opens none.
func openLog(path string) (*alertFile, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, withSudo(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: is no regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &alertFile{name: path, f: f, size: info.Size()}, nil
}

// withSudo says what to do about a log that only root may read.
func withSudo(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root may read the alerts: run it with sudo", err)
	}
	return err
}

func (f *alertFile) same(other *alertFile) bool {
	a, err := f.f.Stat()
	b, otherErr := other.f.Stat()
	return err == nil && otherErr == nil && os.SameFile(a, b)
}

// OpenAlertFiles opens the named files and nothing beside them; "-" is standard input.
// What can be read once only is put into a file without a name first.
func OpenAlertFiles(ctx context.Context, names []string) (*AlertLog, error) {
	l := &AlertLog{}
	for _, name := range names {
		f, err := openAny(ctx, name)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.chains = append(l.chains, logChain{f})
	}
	return l, nil
}

func openAny(ctx context.Context, name string) (*alertFile, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, withSudo(err)
		}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s: is a folder; name a log in it", name)
	case !info.Mode().IsRegular():
		return keep(ctx, name, f)
	default:
		return &alertFile{name: name, f: f, size: info.Size()}, nil
	}
	f.Close()
	return nil, err
}

// keep copies what a pipe gives into a file that has no name any more.
func keep(ctx context.Context, name string, from *os.File) (*alertFile, error) {
	to, err := os.CreateTemp("", "hooksnare-alerts-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(to.Name()); err != nil {
		to.Close()
		return nil, err
	}
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() { // ends with the pipe, or with the process: an interrupted read of it goes on
		n, err := io.Copy(to, from)
		from.Close()
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			to.Close()
			return nil, fmt.Errorf("%s: %w", name, r.err)
		}
		return &alertFile{name: name, f: to, size: r.n}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close closes the files.
func (l *AlertLog) Close() {
	for _, chain := range l.chains {
		for _, f := range chain {
			f.f.Close()
		}
	}
}

// Damage tells, by file, what of it could not be read. It knows of what was looked at.
func (l *AlertLog) Damage() []LogDamage {
	var out []LogDamage
	for _, chain := range l.chains {
		for _, f := range chain {
			if f.damage.Lines > 0 {
				out = append(out, f.damage)
			}
		}
	}
	return out
}
