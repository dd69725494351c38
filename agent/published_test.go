package agent

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger/synthetic"
)

// story is something that happens on a Mac, told about a rule.
type story struct {
	rule, name string
	play       func(*desk)
	says       []string // alerts of the rule, as "executable < name of the parent"; none for a near miss
	others     []string // alerts of other rules, as "rule: executable < name of the parent"
}

// about puts stories under the name of a rule's file.
func about(rule string, list ...story) []story {
	for i := range list {
		list[i].rule = rule
	}
	return list
}

func fires(name string, play func(*desk), says ...string) story {
	return story{name: name, play: play, says: says}
}

// near is a near miss: all but the one thing that the rule is about.
func near(name string, play func(*desk)) story { return story{name: name, play: play} }

// beside adds the alerts of other rules. Without it there must be none.
func (s story) beside(others ...string) story { s.others = others; return s }

func (s *story) want() []string {
	out := slices.Clone(s.others)
	for _, says := range s.says {
		out = append(out, s.rule+": "+says)
	}
	slices.Sort(out)
	return out
}

func stories() []story {
	return slices.Concat(
		collectionStories(), credentialStories(), secretStories(), passwordStories(),
		evasionStories(), settingStories(), privacyStories(), discoveryStories(), userStories(),
		executionStories(), scriptStories(), officeStories(), lateralStories(), remoteStories(),
		persistenceStories(), plugInStories(), launchStories(), startedStories(), escalationStories(),
	)
}

// playStories records stories, each between harmless commands and long after the one before.
func playStories(t *testing.T, o synthetic.Options, list ...story) []byte {
	t.Helper()
	const harmless = 12 // commands
	var out bytes.Buffer
	d := &desk{synthetic.New(&out, o)}
	r := rand.New(rand.NewPCG(o.Seed, 11))
	for i := range list {
		for range harmless {
			synthetic.Benign(d.Host, r)
		}
		d.Advance(2 * config.Default().RepeatWindow)
		list[i].play(d)
		d.Advance(time.Second)
		for range harmless {
			synthetic.Benign(d.Host, r)
		}
	}
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPublished plays for every published rule about processes what fires it and what comes
// near, through everything from the decoder to the alert, and wants exactly the alerts told:
// as on the Mac itself, and from the recording.
func TestPublished(t *testing.T) {
	t.Parallel()
	set := loadAllPublished(t)
	fired, silent, all := map[string]bool{}, map[string]bool{}, stories()
	forms, ran := recordings(), 0
	for i, s := range all {
		t.Run(s.rule+"/"+s.name, func(t *testing.T) {
			ran++
			o := forms[i%len(forms)]
			recording, want := playStories(t, o, s), s.want()
			differs(t, "on the Mac, "+formName(o), set.told(t, set.onMac(t, recording)), want)
			if !raceDetector && Amount(false, true) { // it has nothing more to find
				differs(t, "in a recording", set.told(t, replayed(t, config.Default(), set.Set, recording)), want)
			}
			switch {
			case t.Failed():
			case len(s.says) > 0:
				fired[s.rule] = true
			default:
				silent[s.rule] = true
			}
		})
	}
	if ran == len(all) {
		set.summary(t, fired, silent)
	}
}

func differs(t *testing.T, where string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", where, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestPublishedTogether plays all stories on one Mac, in a random order: no rule takes from
// another story what its own lacks, and none forgets.
func TestPublishedTogether(t *testing.T) {
	t.Parallel()
	set, all := loadAllPublished(t), stories()
	names, want := map[string]bool{}, map[string]int{}
	for i := range all {
		s := &all[i]
		if name := s.rule + "/" + s.name; names[name] {
			t.Errorf("story twice: %s", name)
		} else {
			names[name] = true
		}
		for _, told := range s.want() {
			want[told]++
		}
	}
	r := rand.New(rand.NewPCG(19, 23))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	set.wants(t, playStories(t, synthetic.Options{Seed: 29}, all...), want)
}

// summary says how many rules fired and were silent when they had to be.
func (s *publishedSet) summary(t *testing.T, fired, silent map[string]bool) {
	t.Helper()
	for _, of := range []map[string]bool{fired, silent} {
		for rule := range of {
			if !slices.Contains(s.process, rule) {
				t.Errorf("%s: no published rule about processes has this name", rule)
			}
		}
	}
	for _, rule := range s.process {
		if !fired[rule] {
			t.Errorf("%s: no story fires it", rule)
		}
		if !silent[rule] {
			t.Errorf("%s: no near miss of it is silent", rule)
		}
	}
	if testing.Verbose() {
		fmt.Printf("published rules: %d of %d fire, %d of %d near misses silent\n", len(fired), publishedEQL, len(silent), publishedEQL)
	}
}
