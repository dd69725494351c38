package detect

import (
	"fmt"
	"strings"
	"testing"

	"hooksnare/pkg/event"
)

// FuzzExecuted gives loginwindow anything to run while anything is set as a hook. A hook is
// run only where its program's name stands somewhere in what is run.
func FuzzExecuted(f *testing.F) {
	for _, x := range executions {
		p := x.event.Process
		f.Add(x.hook.Value, x.hook.Program, x.hook.Resolved, p.Image.Executable, p.Exec.Script, p.Exec.DyldPath, p.Exec.WorkingDirectory, strings.Join(p.Exec.Args, "\x01"))
	}
	const name = "hook-q7"
	f.Fuzz(func(t *testing.T, value, program, resolved, image, script, dyld, folder, args string) {
		list := []Hooked{hookOf(value, program, resolved), plain("/Users/Shared/" + name)}
		list[1].Key = "LogoutHook"
		ev := started(image, strings.Split(args, "\x01"), func(ev *event.Event) {
			ev.Process.Exec.Script, ev.Process.Exec.DyldPath, ev.Process.Exec.WorkingDirectory = script, dyld, folder
		})
		e := engine(t, `process where hooksnare.hook.operation == "execute"`)
		e.SetHooks(list)
		got := fmt.Sprint(e.executed(ev))
		if again := fmt.Sprint(e.executed(ev)); again != got {
			t.Errorf("%q: got %s, and then %s", args, got, again)
		}
		said := strings.NewReplacer("'", "", `"`, "", `\`, "", "\n", "", "$", "").Replace(strings.Join([]string{image, script, dyld, folder, args}, " "))
		if strings.Contains(got, "LogoutHook") && !strings.Contains(foldPath(said), name) {
			t.Errorf("image %q, script %q, path %q, in %q, arguments %q: got an execution of %s, which is not named", image, script, dyld, folder, args, name)
		}
		ev.Parent.Image = &event.Image{Executable: "/sbin/launchd"}
		if got := e.executed(ev); got != nil {
			t.Errorf("%q, run by launchd: got %v, want no execution", args, got)
		}
	})
}

// TestExecutedBounds holds that what a user can set and what loginwindow can be given do
// not take more work than is bounded, and that a user's hooks take no place of others'.
func TestExecutedBounds(t *testing.T) {
	var list []Hooked
	for n := range 3000 {
		h := hookOf(fmt.Sprintf("/bin/sh %s /Users/bob/%d", strings.Repeat("x ", 200), n), "/bin/sh", "/bin/sh")
		h.File, h.Scope, h.Home = fmt.Sprintf("/Users/bob/Library/Preferences/ByHost/com.apple.loginwindow.%036d.plist", n), "byhost", "/Users/bob"
		list = append(list, h)
	}
	anns := hookOf("/Users/ann/hook --now", "/Users/ann/hook", "/Users/ann/hook")
	anns.File, anns.Scope, anns.Home = "/Users/ann/Library/Preferences/com.apple.loginwindow.plist", "user", "/Users/ann"
	list = append(list, anns, plain("/var/root/hook"))
	e := engine(t, `process where hooksnare.hook.operation == "execute"`)
	e.SetHooks(list)
	for _, args := range [][]string{
		append([]string{"sh", "-c", strings.Repeat("/bin/sh x ", 100_000)}, strings.Split(strings.Repeat("/bin/sh ", 100_000), " ")...),
		{"sh", "-c", strings.Repeat("'\"", 500_000)},
		{"sh", "-c", strings.Repeat("/bin/sh ", 100) + strings.Repeat(`\`, 1<<20)},
		{strings.Repeat("/a b", 250_000)},
	} {
		if got := e.executed(started("/bin/sh", args)); got != nil {
			t.Errorf("%.40q: got %d executions, want none", args, len(got))
		}
	}
	got := e.executed(started("/bin/sh", []string{"sh", "-c", "/Users/ann/hook; /var/root/hook"}))
	if len(got) != 2 || got[0].Scope != "root" || got[1].Scope != "user" {
		t.Errorf("got %+v, want root's hook and ann's", got)
	}
	for home, n := range e.readings.count {
		if n > maxReadings {
			t.Errorf("home %q: got %d readings, want %d at most", home, n, maxReadings)
		}
	}
}

// TestExecutedAllocations holds that hooks that are set cost nothing where loginwindow runs
// none.
func TestExecutedAllocations(t *testing.T) {
	e := engine(t, `process where hooksnare.hook.operation == "execute"`)
	e.SetHooks([]Hooked{plain("/var/root/hook"), hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh")})
	other := started("/bin/sh", []string{"/bin/sh", "/x.sh"}, from("/usr/bin/sudo", "/usr/bin/sudo", "/bin/zsh"))
	e.world.Lookup = func(key event.Key) *event.Process { return ancestors[key] }
	if n := testing.AllocsPerRun(100, func() { e.Examine(other) }); n != 0 {
		t.Errorf("run by a shell: got %v allocations, want none", n)
	}
	e.SetHooks(nil)
	own := started("/bin/sh", []string{"/bin/sh", "/x.sh"})
	if n := testing.AllocsPerRun(100, func() { e.Examine(own) }); n != 0 {
		t.Errorf("no hook is set: got %v allocations, want none", n)
	}
}

// BenchmarkExamine asks a few rules about events that none of them is about.
func BenchmarkExamine(b *testing.B) {
	e := engine(b, `process where hooksnare.hook.operation == "execute"`, `process where hooksnare.hook.operation == "set"`,
		`process where process.name == "curl" and process.args : "*example*"`)
	byShell := started("/bin/ls", []string{"ls", "-l", "/Users/Shared"})
	byShell.Parent.Image = &event.Image{Executable: "/bin/zsh"}
	byLogin := started("/usr/libexec/other", []string{"other", "-x", "/Users/Shared/h2"})
	for _, hooks := range []int{0, 2} {
		e.SetHooks([]Hooked{plain("/var/root/hook"), plain("/Users/Shared/h")}[:hooks])
		for name, ev := range map[string]*event.Event{"shell": byShell, "loginwindow": byLogin} {
			b.Run(fmt.Sprintf("hooks=%d/by=%s", hooks, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if got := e.Examine(ev); len(got) != 0 {
						b.Fatal(got)
					}
				}
			})
		}
	}
}
