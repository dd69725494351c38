package synthetic

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestBenchStream(t *testing.T) {
	const n = 6000
	var b bytes.Buffer
	said, err := WriteBench(&b, n)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Bench{Lines: n, Hooks: 2, Mentions: 6}); said != want {
		t.Errorf("got %+v, want %+v", said, want)
	}
	// 60,000 lines are 200 MB.
	if mean := b.Len() / n; mean < 3170 || mean > 3490 {
		t.Errorf("mean line: got %d bytes, want 3333 ± 5 %%", mean)
	}
	for i, l := range bytes.Split(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\n")) {
		if len(l) < 1800 || len(l) > 6000 {
			t.Errorf("line %d: got %d bytes, want 1.8 to 6 KB", i+1, len(l))
		}
	}
	all := decode(t, b.Bytes())
	// So slow that five minutes hold few hooks: no bound on alerts is reached.
	if took := all[n-1].at(t).Sub(all[0].at(t)); took < n*4*time.Millisecond {
		t.Errorf("the stream spans %v, want about 5 ms a line", took)
	}
	kinds, hooks, live, least, most := map[string]int{}, map[string]bool{}, 0, 0, 0
	for _, l := range all {
		kind := kindOf(l)
		kinds[kind]++
		switch kind {
		case "fork":
			live++
		case "exit":
			live--
		case "exec":
			args := strings.Join(l.Event.Exec.Args, " ")
			if strings.HasPrefix(args, "defaults write com.apple.loginwindow Log") {
				hooks[args] = true
			}
		}
		least, most = min(least, live), max(most, live)
	}
	if len(hooks) != said.Hooks {
		t.Errorf("hook commands: got %v, want %d different ones", hooks, said.Hooks)
	}
	for kind, got := range kinds {
		if got < n/3-10 || got > n/3+10 {
			t.Errorf("%s: got %d of %d lines, want a third", kind, got, n)
		}
	}
	if least < -4 || most > 4 {
		t.Errorf("running processes moved by %d to %d, want a steady number", least, most)
	}
}

func TestBenchStreamHasTheLinesAskedFor(t *testing.T) {
	var long bytes.Buffer
	if _, err := WriteBench(&long, 4000); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 0, 1, 2, 7, 1499, 1500, 1501, 1506, 3999} {
		var b bytes.Buffer
		said, err := WriteBench(&b, n)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(b.Bytes(), []byte("\n")); got != max(n, 0) || said.Lines != got {
			t.Errorf("%d lines: got %d, said %d", n, got, said.Lines)
		}
		// The hook command moves when the end is near; up to there streams agree.
		if n < 1499 && !bytes.HasPrefix(long.Bytes(), b.Bytes()) {
			t.Errorf("%d lines: not the start of a longer stream", n)
		}
		if hooks := bytes.Count(b.Bytes(), []byte(`"args":["defaults","write","com.apple.loginwindow"`)); hooks != said.Hooks {
			t.Errorf("%d lines: %d hook commands, said %d", n, hooks, said.Hooks)
		}
	}
}

func TestDemo(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDemo(&b); err != nil {
		t.Fatal(err)
	}
	got := decode(t, b.Bytes())
	if len(got) < 50 || len(got) > 70 {
		t.Errorf("lines: got %d, want about 60", len(got))
	}
	var story []string
	for _, l := range got {
		if e := l.Event.Exec; e != nil && e.Target.Executable.Path == "/usr/bin/defaults" && e.Args[1] != "read" {
			story = append(story, fmt.Sprintf("%d %s", e.Target.Token.EUID, strings.Join(e.Args, " ")))
		}
	}
	want := []string{
		"0 defaults write com.apple.loginwindow LoginHook " + DemoHook,
		"0 /usr/bin/defaults write /var/root/Library/Preferences/com.apple.loginwindow LoginHook " + JamfHook,
		"0 defaults delete com.apple.loginwindow LoginHook",
	}
	if g, w := strings.Join(story, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("hook commands:\n got\n%s\nwant\n%s", g, w)
	}
}

func BenchmarkWriteBench(b *testing.B) {
	const lines = 3000
	b.ReportAllocs()
	var n counter
	for b.Loop() {
		if _, err := WriteBench(&n, lines); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(n) / int64(b.N))
	b.ReportMetric(float64(b.N*lines)/b.Elapsed().Seconds(), "lines/s")
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)
