  (func $main (;3;) (type 3)
    (local i64)
    i64.const 2
    local.set 0
    loop ;; label = @1
      i64.const 91
      local.get 0
      i64.rem_s
      i64.eqz
      i32.eqz
      if ;; label = @2
        local.get 0
        i64.const 1
        i64.add
        local.tee 0
        i64.const 91
        i64.lt_s
        br_if 1 (;@1;)
      end
    end
    local.get 0
    call $runtime.print_int
    call $runtime.print_newline
  )
