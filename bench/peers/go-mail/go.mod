module facteur.example/bench

go 1.24
