package redact
import ("testing";"os";"bufio";"strings";"fmt")
func TestZZ(t *testing.T){
 f,err:=os.Open("/tmp/rdtry/cases"); if err!=nil{t.Skip()}
 sc:=bufio.NewScanner(f)
 for sc.Scan(){ l:=sc.Text(); if l==""{continue}
  args:=strings.Split(l,"¦"); out,n:=Args(args); _,m:=Args(out)
  fmt.Println(n,m,strings.Join(out,"¦"))
 }
}
