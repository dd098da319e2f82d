  (func $main (;3;) (type 3)
    (local i32 i64 f64 f64 f64)
    f64.const 0x1.f4p+9 (;=1000;)
    f64.const 0x0p+0 (;=0;)
    f64.eq
    (@metadata.code.branch_hint "\00")
    if ;; label = @1
      i32.const 3
      local.tee 0
      call $runtime.fail_division_by_zero
      unreachable
    end
    f64.const 0x1p+0 (;=1;)
    f64.const 0x1.f4p+9 (;=1000;)
    f64.div
    local.set 2
    i64.const 0
    i64.const 1000
    i64.lt_s
    if ;; label = @1
      i64.const 0
      f64.const 0x0p+0 (;=0;)
      f64.const 0x0p+0 (;=0;)
      local.set 3
      local.set 4
      local.set 1
      loop ;; label = @2
        local.get 4
        local.get 3
        local.get 3
        f64.mul
        local.get 2
        f64.mul
        f64.add
        local.set 4
        local.get 3
        local.get 2
        f64.add
        local.set 3
        local.get 1
        i64.const 1
        i64.add
        local.tee 1
        i64.const 1000
        i64.lt_s
        if ;; label = @3
          br 1 (;@2;)
        end
      end
    else
      f64.const 0x0p+0 (;=0;)
      local.set 4
    end
    local.get 4
    call $runtime.print_float
    call $runtime.print_newline
  )
